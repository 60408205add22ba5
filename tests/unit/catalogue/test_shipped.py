"""The catalogue that comes with the program."""

from __future__ import annotations

import pytest

from streams.catalogue import Catalogue, load_catalogue
from streams.shipped import seed


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue()


def test_a_quiet_week_of_thirty_services_can_be_told_with_it(shipped: Catalogue) -> None:
    assert len(shipped.services) >= 30


def test_twitter_ran_on_aws_with_google_cloud_as_second_provider(shipped: Catalogue) -> None:
    providers = {provider.id: provider.role for provider in shipped.services["twitter"].providers}
    assert providers == {"aws": "primary", "gcp": "secondary"}


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_cloud_can_be_judged_by_customers_other_than_twitter(shipped: Catalogue, cloud: str) -> None:
    assert len(set(shipped.customers(cloud)) - {"twitter"}) >= 5


def test_every_statement_on_hosting_has_its_source(shipped: Catalogue) -> None:
    unsourced = [
        (service.id, provider.id)
        for service in shipped.services.values()
        for provider in service.providers
        if not provider.source
    ]
    assert unsourced == []


def test_numbers_of_users_have_their_source(shipped: Catalogue) -> None:
    assert [service.id for service in shipped.services.values() if service.users and not service.users_source] == []


def test_the_services_of_meta_share_their_operator(shipped: Catalogue) -> None:
    metas = {service.id for service in shipped.services.values() if service.operator == "meta"}
    assert {"facebook", "instagram", "whatsapp"} <= metas


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("تويتر", "twitter"), ("ツイッター", "twitter"), ("X", "twitter"), ("إنستغرام", "instagram"),
        ("Amazon Web Services", "aws"), ("google cloud platform", "gcp"), ("AT&T", "att"), ("T-Mobile", "t-mobile-us"),
        ("Pokémon Go", "pokemon-go"), ("واتس\u200cاپ", "whatsapp"),
    ],
)  # fmt: skip
def test_services_are_known_by_the_names_people_use(shipped: Catalogue, name: str, service: str) -> None:
    assert shipped.resolve(name) == service


def test_the_regions_that_the_facts_name_count_by_themselves(shipped: Catalogue) -> None:
    assert {"US", "GB", "IN", "MX", "BR", "IT"} <= set(shipped.services["twitter"].regions)


def test_a_seed_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(FileNotFoundError, match=r"seeds/nothing\.yaml"):
        seed("nothing.yaml")
