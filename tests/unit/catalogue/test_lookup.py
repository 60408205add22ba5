"""Who is meant, where, who runs on whom; and the operator's layer over the shipped one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.catalogue import (
    Catalogue,
    CatalogueError,
    ProviderRef,
    Service,
    load_catalogue,
    merge_catalogues,
    parse_catalogue,
)
from streams.catalogue.names import normalised

TWITTER = Service(
    id="twitter",
    names={"en": "Twitter", "ar": "تويتر", "fa": "توییتر"},
    aliases=("x", "Straße AG"),
    providers=(ProviderRef(id="aws"),),
    regions=("US", "GB"),
)
AWS = Service(id="aws", names={"en": "Amazon Web Services"})
SHIPPED = Catalogue([TWITTER, AWS])


@pytest.mark.parametrize(
    "name",
    ["twitter", "TWITTER", " Twitter ", "تويتر", "X", "\uff34\uff37\uff29\uff34\uff34\uff25\uff32", "STRASSE  ag"],
)
def test_ids_names_and_aliases_are_found_in_any_language_and_case(name: str) -> None:
    assert SHIPPED.resolve(name) == "twitter"


@pytest.mark.parametrize("name", ["", " ", "twit", "other", "unknown", "x" * 10_000])
def test_nobody_is_found_by_another_name(name: str) -> None:
    assert SHIPPED.resolve(name) is None


def test_zero_width_characters_do_not_tell_names_apart() -> None:
    assert normalised("واتس\u200cاپ") == normalised("واتساپ")


@given(st.text(max_size=30))
def test_a_normalised_name_is_its_own_normal_form(name: str) -> None:
    assert normalised(normalised(name)) == normalised(name)


@given(st.text(max_size=30))
def test_resolving_never_raises(name: str) -> None:
    assert SHIPPED.resolve(name) in ("twitter", "aws", None)


def test_services_stand_in_the_order_of_their_ids() -> None:
    assert list(SHIPPED.services) == ["aws", "twitter"]


@pytest.mark.parametrize(
    ("service", "region", "counted"),
    [
        ("twitter", "US", "US"),
        ("twitter", "CN", "other"),
        ("twitter", "us", "other"),
        ("twitter", None, "unknown"),
        ("twitter", "", "unknown"),
        ("twitter", "unknown", "unknown"),
        ("aws", "US", "other"),
        ("other", "US", "other"),
        ("other", None, "unknown"),
    ],
)
def test_a_region_counts_by_itself_only_where_listed(service: str, region: str | None, counted: str) -> None:
    assert SHIPPED.region(service, region) == counted


def test_customers_are_those_that_name_the_provider() -> None:
    assert SHIPPED.customers("aws") == ("twitter",)
    assert SHIPPED.customers("twitter") == ()


def test_a_name_is_shown_in_the_language_asked_for_else_in_english() -> None:
    assert TWITTER.name("ar") == "تويتر"
    assert TWITTER.name("sw") == "Twitter"
    assert Service(id="a", names={"de": "Ah"}).name() == "Ah"


def own(text: str) -> Catalogue:
    return parse_catalogue("services:\n" + text, "own.yaml", base=SHIPPED)


def test_an_operators_entry_replaces_the_shipped_one_with_all_its_names() -> None:
    catalogue = own("  - {id: twitter, names: {en: Birdsite}}\n")
    assert catalogue.services["twitter"] == Service(id="twitter", names={"en": "Birdsite"})
    assert catalogue.resolve("تويتر") is None
    assert catalogue.customers("aws") == ()


@pytest.mark.parametrize("service_id", ["an-x", "zzz"])  # before and after `twitter` in the order of ids
def test_an_operators_entry_takes_over_a_shipped_name_and_alias(service_id: str) -> None:
    catalogue = own(f"  - {{id: {service_id}, names: {{en: Twitter}}, aliases: [X]}}\n")
    assert catalogue.resolve("x") == service_id
    assert catalogue.resolve("Twitter ") == service_id
    assert catalogue.resolve("تويتر") == "twitter", "what is not claimed stays"


def test_a_third_layer_does_not_give_a_taken_name_back() -> None:
    catalogue = parse_catalogue("services:\n  - {id: b, names: {en: B}}\n", "more.yaml", base=own(
        "  - {id: an-x, names: {en: AnX}, aliases: [x]}\n"
    ))  # fmt: skip
    assert catalogue.resolve("x") == "an-x"


def test_an_operators_id_goes_before_a_shipped_alias() -> None:
    assert own("  - {id: x, names: {en: Ex}}\n").resolve("X") == "x"


def test_an_operators_file_may_refer_to_shipped_ids_and_invent_its_own() -> None:
    catalogue = own("  - {id: pay, names: {en: Pay}, providers: [{id: aws}], dependencies: [twitter]}\n")
    assert catalogue.customers("aws") == ("pay", "twitter")


def test_an_operators_alias_goes_before_a_shipped_id_so_that_an_upgrade_diverts_nothing() -> None:
    catalogue = own("  - {id: cloud, names: {en: Cloud}, aliases: [aws]}\n")
    assert catalogue.resolve("AWS") == "cloud"
    assert catalogue.resolve("Amazon Web Services") == "aws"
    assert catalogue.customers("aws") == ("twitter",)


def test_a_loop_that_closes_through_the_shipped_entries_is_refused_in_the_operators_line() -> None:
    with pytest.raises(CatalogueError, match=r"own\.yaml:2: a loop: aws needs twitter needs aws"):
        own("  - {id: aws, names: {en: AWS cloud}, dependencies: [twitter]}\n")


def test_merging_two_catalogues_is_laying_one_on_the_other() -> None:
    merged = merge_catalogues(SHIPPED, Catalogue([Service(id="zzz", names={"en": "Twitter"})]))
    assert list(merged.services) == ["aws", "twitter", "zzz"]
    assert merged.resolve("TWITTER") == "zzz"


def test_the_operators_file_is_merged_over_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("services:\n  - {id: payments, names: {en: Payments}, providers: [{id: aws}]}\n", encoding="utf-8")
    catalogue = load_catalogue(file)
    assert "payments" in catalogue.customers("aws")
    assert "twitter" in catalogue.services
