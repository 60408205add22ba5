"""What a catalogue file may say, and how it is refused: file, line, cause, remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.catalogue import Catalogue, CatalogueError, Maintenance, ProviderRef, Service, parse_catalogue
from streams.catalogue.load import load_catalogue

MINIMAL = "services:\n  - id: pay\n    names: {en: Pay}\n"


def refusal(text: str, base: Catalogue | None = None) -> str:
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(text, "own.yaml", base)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def with_field(field: str) -> str:
    """A catalogue of one service; the field stands in line 4."""
    return f"{MINIMAL}    {field}\n"


def one(field: str) -> Service:
    return parse_catalogue(with_field(field), "own.yaml").services["pay"]


def test_an_entry_needs_only_an_id_and_a_name() -> None:
    assert parse_catalogue(MINIMAL, "own.yaml").services["pay"] == Service(id="pay", names={"en": "Pay"})


def test_the_defaults_are_those_of_the_contract() -> None:
    service = parse_catalogue(MINIMAL, "own.yaml").services["pay"]
    assert service.signals == ("errors", "reports")
    assert service.profile == "counts"
    assert service.zone == "UTC"
    assert service.false_opens_per_year == 4.0


def test_every_field_of_the_contract_is_read() -> None:
    text = """
services:
  - {id: aws, names: {en: AWS}}
  - {id: gcp, names: {en: GCP}}
  - id: twitter
    names: {en: Twitter, ar: تويتر}
    aliases: [x, twtr]
    kind: social
    operator: twitter-inc
    owner: Social desk
    providers: [{id: aws, role: primary, from: 2020-12-01, source: "..."}, {id: gcp, role: secondary}]
    dependencies: []
    look_alikes: [aws]
    regions: [US, GB, IN, CA-ON, us-east-1]
    users: {US: 41000000, source: quarterly report}
    signals: [errors, reports]
    profile: smooth
    zone: America/New_York
    status_page: https://status.example.org
    groups: [social]
    false_opens_per_year: 0.5
    holidays: US
    maintenance: [{from: 2026-12-01T02:00:00Z, to: 2026-12-01T04:00:00Z, reason: planned}]
"""
    assert parse_catalogue(text, "own.yaml").services["twitter"] == Service(
        id="twitter",
        names={"en": "Twitter", "ar": "تويتر"},
        aliases=("x", "twtr"),
        kind="social",
        operator="twitter-inc",
        owner="Social desk",
        providers=(
            ProviderRef(id="aws", role="primary", from_="2020-12-01", source="..."),
            ProviderRef(id="gcp", role="secondary"),
        ),
        look_alikes=("aws",),
        regions=("US", "GB", "IN", "CA-ON", "us-east-1"),
        users={"US": 41_000_000},
        users_source="quarterly report",
        profile="smooth",
        zone="America/New_York",
        status_page="https://status.example.org",
        groups=("social",),
        false_opens_per_year=0.5,
        holidays="US",
        maintenance=(Maintenance(from_ms=1_796_090_400_000, to_ms=1_796_097_600_000, reason="planned"),),
    )


def test_a_profile_may_hang_on_the_signal() -> None:
    service = one("profile: {reports: smooth}")
    assert (service.profile_of("errors"), service.profile_of("reports")) == ("counts", "smooth")
    service = one("profile: smooth")
    assert (service.profile_of("errors"), service.profile_of("reports")) == ("smooth", "smooth")


def test_norway_is_a_region_also_without_quotes() -> None:
    assert one("regions: [NO, SE]").regions == ("NO", "SE")


def test_norwegian_is_a_language_also_without_quotes() -> None:
    text = "services:\n  - id: pay\n    names: {no: Betaling}\n"
    assert parse_catalogue(text, "own.yaml").services["pay"].names == {"no": "Betaling"}


@pytest.mark.parametrize(
    "moment",
    ["2026-12-01T02:00:00Z", '"2026-12-01T02:00:00Z"', "2026-12-01 02:00:00Z", "2026-12-01T04:00:00+02:00"],
)
def test_times_are_taken_with_and_without_quotes(moment: str) -> None:
    service = one(f"maintenance: [{{from: {moment}, to: 2026-12-01T04:00:00Z}}]")
    assert service.maintenance[0].from_ms == 1_796_090_400_000


def test_maintenance_covers_its_begin_and_not_its_end() -> None:
    service = one("maintenance: [{from: 2026-12-01T02:00:00Z, to: 2026-12-01T04:00:00Z}]")
    moments = (1_796_090_399_999, 1_796_090_400_000, 1_796_097_599_999, 1_796_097_600_000)
    assert [service.in_maintenance(moment) for moment in moments] == [False, True, True, False]


def test_holidays_may_be_dates() -> None:
    assert one("holidays: [2026-12-25, 2026-12-26]").holidays == ("2026-12-25", "2026-12-26")


def test_a_key_with_nothing_behind_it_is_absent() -> None:
    assert one("owner:").owner is None


@pytest.mark.parametrize("number", ["0.01", "4", "1e3", "52"])
def test_any_tolerance_above_zero_is_taken(number: str) -> None:
    assert one(f"false_opens_per_year: {number}").false_opens_per_year == float(number)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("profil: smooth", "own.yaml:4: an entry has no key 'profil'; did you mean 'profile'?"),
        ("zzz: 1", "own.yaml:4: an entry has no key 'zzz'; take one of id, names, aliases"),
        ("kind: Social Media", "own.yaml:4: kind: 'Social Media' is not lower case letters"),
        ("aliases: pay2", "own.yaml:4: aliases: not a list; write aliases: [...]"),
        ("aliases: [a, a]", "own.yaml:4: aliases: 'a' stands here twice; keep one"),
        ("aliases: [Other]", "own.yaml:4: aliases: 'Other' is reserved for what the catalogue does not know"),
        ("aliases: [[a]]", "own.yaml:4: aliases: not a text; write aliases: some text"),
        ("regions: [UK]", "own.yaml:4: regions: 'UK' is no region; write GB"),
        ("regions: [us]", "own.yaml:4: regions: 'us' is no region; write US"),
        ("regions: [US-]", "own.yaml:4: regions: 'US-' is no region; take a code of ISO 3166-1 (US) or 3166-2 (CA-ON)"),
        ("regions: [ZZ]", "own.yaml:4: regions: 'ZZ' is no region; take a code"),
        ("regions: [other]", "own.yaml:4: regions: 'other' is reserved for what the catalogue does not list"),
        ("regions: [US, US]", "own.yaml:4: regions: 'US' stands here twice; keep one"),
        ("users: {US: many}", "own.yaml:4: users.US: 'many' is no number of people"),
        ("users: {US: -5}", "own.yaml:4: users.US: '-5' is no number of people"),
        ("users: {UK: 5}", "own.yaml:4: users: 'UK' is no region; write GB"),
        ("signals: [error]", "own.yaml:4: signals: 'error' is not known here; did you mean 'errors'?"),
        ("signals: []", "own.yaml:4: signals: holds no signal"),
        ("profile: noisy", "own.yaml:4: profile: 'noisy' is not known here; take counts or smooth"),
        ("profile: {report: smooth}", "own.yaml:4: profile has no key 'report'; did you mean 'reports'?"),
        ("profile: {reports: smoth}", "own.yaml:4: profile.reports: 'smoth' is not known here; did you mean 'smooth'?"),
        (
            "zone: America/NewYork",
            "own.yaml:4: zone: 'America/NewYork' is no time zone; did you mean 'America/New_York'?",
        ),
        ("zone: America", "own.yaml:4: zone: 'America' is no time zone"),
        ("zone: ../../etc/passwd", "own.yaml:4: zone: '../../etc/passwd' is no time zone"),
        ("status_page: status.example.org", "own.yaml:4: status_page: 'status.example.org' is no web address"),
        ("status_page: javascript:alert(1)", "own.yaml:4: status_page: 'javascript:alert(1)' is no web address"),
        ("false_opens_per_year: 0", "own.yaml:4: false_opens_per_year: '0' is not a number above 0"),
        ("false_opens_per_year: -1", "own.yaml:4: false_opens_per_year: '-1' is not a number above 0"),
        ("false_opens_per_year: nan", "own.yaml:4: false_opens_per_year: 'nan' is not a number above 0"),
        ("false_opens_per_year: 1e999", "own.yaml:4: false_opens_per_year: '1e999' is not a number above 0"),
        ("false_opens_per_year: few", "own.yaml:4: false_opens_per_year: 'few' is not a number above 0"),
        ("holidays: Germany", "own.yaml:4: holidays: 'Germany' is no country"),
        ("holidays: [2026-02-30]", "own.yaml:4: holidays: '2026-02-30' is no date"),
        ("maintenance: [{from: 2026-12-01T02:00:00Z}]", "own.yaml:4: maintenance: a maintenance without 'to'"),
        (
            "maintenance: [{from: 2026-12-01, to: 2026-12-02}]",
            "own.yaml:4: maintenance.from: '2026-12-01' is no moment",
        ),
        (
            "maintenance: [{from: 2026-12-01T02:00:00, to: 2026-12-02T02:00:00}]",
            "own.yaml:4: maintenance.from: '2026-12-01T02:00:00' is no moment",
        ),
        (
            "maintenance: [{from: 2026-12-01T04:00:00Z, to: 2026-12-01T04:00:00Z}]",
            "own.yaml:4: maintenance: it ends before it begins",
        ),
        (
            "maintenance: [{form: 2026-12-01T04:00:00Z}]",
            "own.yaml:4: a maintenance has no key 'form'; did you mean 'from'?",
        ),
        ("providers: [aws]", "own.yaml:4: providers: not a table of key: value; write providers: [{id: aws"),
        ("providers: [{role: primary}]", "own.yaml:4: providers: a provider without an id"),
        ("providers: [{id: aws, since: 2020-01-01}]", "own.yaml:4: a provider has no key 'since'"),
        ("providers: [{id: aws, from: last year}]", "own.yaml:4: providers.from: 'last year' is no moment"),
        ("providers: [{id: nope}]", "own.yaml:4: providers: no service has the id 'nope'; add an entry with id: nope"),
        ("dependencies: [pays]", "own.yaml:4: dependencies: no service has the id 'pays'; did you mean 'pay'?"),
        ("look_alikes: [pay]", "own.yaml:4: look_alikes: pay names itself; leave it out"),
        ('owner: "two\\nlines"', "own.yaml:4: owner: holds line breaks or control characters"),
        ('owner: "\\u202Edesk"', "own.yaml:4: owner: holds line breaks or control characters"),
        (f"owner: {'x' * 501}", "own.yaml:4: owner: longer than 500 characters; shorten it"),
    ],
)
def test_a_wrong_field_is_refused_with_line_and_remedy(field: str, message: str) -> None:
    assert refusal(with_field(field)).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.yaml:1: holds no services; start it with `services:`"),
        ("- a\n", "own.yaml:1: holds no services; start it with `services:`"),
        ("service:\n  - id: a\n", "own.yaml:1: a catalogue has no key 'service'; did you mean 'services'?"),
        ("services: twitter\n", "own.yaml:1: services: not a list; write services: [...]"),
        (
            "services:\n  - twitter\n",
            "own.yaml:2: services: not a table of key: value; start each entry with `- id: ...`",
        ),
        ("services:\n  - names: {en: Pay}\n", "own.yaml:2: the entry has no id; add id: its-id"),
        ("services:\n  - id: pay\n", "own.yaml:2: the entry pay has no names; add names: {en: Its name}"),
        ("services:\n  - id: pay\n    names: {}\n", "own.yaml:3: names: holds no name; write names: {en: Its name}"),
        ("services:\n  - id: pay\n    names: Pay\n", "own.yaml:3: names: not a table of key: value; write names:"),
        (
            "services:\n  - id: pay\n    names: {English: Pay}\n",
            "own.yaml:3: names: 'English' is no language; take a code",
        ),
        (
            "services:\n  - id: Pay Pal\n",
            "own.yaml:2: id: 'Pay Pal' is not lower case letters, digits and dashes, 64 at most; write pay-pal",
        ),
        ("services:\n  - id: -pay\n", "own.yaml:2: id: '-pay' is not lower case"),
        (
            "services:\n  - id: other\n",
            "own.yaml:2: id: 'other' is reserved for what the catalogue does not know; take",
        ),
        ("services:\n  - id: unknown\n", "own.yaml:2: id: 'unknown' is reserved"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_remedy(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


def test_an_empty_list_of_services_is_an_empty_catalogue() -> None:
    assert dict(parse_catalogue("services: []\n", "own.yaml").services) == {}


def test_a_repeated_id_is_refused() -> None:
    text = "services:\n  - {id: a, names: {en: A}}\n  - {id: a, names: {en: B}}\n"
    assert refusal(text) == "own.yaml:3: the id 'a' stands in line 2 already; merge the two entries"


def test_a_name_that_two_entries_claim_is_refused_whatever_its_case() -> None:
    text = "services:\n  - {id: a, names: {en: Pay}}\n  - {id: b, names: {en: B}, aliases: [PAY]}\n"
    assert refusal(text) == "own.yaml:3: the name 'pay' belongs to a already; leave it out of one of the two"


def test_a_name_that_is_the_id_of_another_entry_is_refused() -> None:
    text = "services:\n  - {id: a, names: {en: B}}\n  - {id: b, names: {en: Bee}}\n"
    assert refusal(text) == "own.yaml:2: the name 'b' is the id of another entry; leave it out"


def test_an_entry_may_repeat_its_own_name_in_several_languages() -> None:
    text = "services:\n  - {id: pay, names: {en: Pay, de: Pay, fr: PAY}, aliases: [pay]}\n"
    assert parse_catalogue(text, "own.yaml").resolve("pay") == "pay"


def test_a_loop_of_dependencies_is_refused_with_its_path() -> None:
    text = (
        "services:\n"
        "  - {id: a, names: {en: A1}, dependencies: [b]}\n"
        "  - {id: b, names: {en: B1}, dependencies: [c]}\n"
        "  - {id: c, names: {en: C1}, dependencies: [a]}\n"
    )
    assert refusal(text) == (
        "own.yaml:2: a loop: a needs b needs c needs a; leave out one of these providers or dependencies"
    )


def test_a_loop_through_a_provider_is_one_too() -> None:
    text = (
        "services:\n"
        "  - {id: a, names: {en: A1}, providers: [{id: b}]}\n"
        "  - {id: b, names: {en: B1}, dependencies: [a]}\n"
    )
    assert "a loop: a needs b needs a" in refusal(text)


def test_two_ways_to_the_same_provider_are_no_loop() -> None:
    text = (
        "services:\n"
        "  - {id: a, names: {en: A1}, dependencies: [b], providers: [{id: c}]}\n"
        "  - {id: b, names: {en: B1}, providers: [{id: c}]}\n"
        "  - {id: c, names: {en: C1}}\n"
    )
    assert parse_catalogue(text, "own.yaml").customers("c") == ("a", "b")


def test_a_very_long_loop_is_found_and_shown_in_short() -> None:
    ids = [f"s{number}" for number in range(3000)]
    following = zip(ids, [*ids[1:], ids[0]], strict=True)
    text = "services:\n" + "".join(
        f"  - {{id: {one}, names: {{en: N{one}}}, dependencies: [{other}]}}\n" for one, other in following
    )
    message = refusal(text)
    assert "s0 needs s1 needs s2" in message
    assert len(message) < 200


def test_look_alikes_may_be_mutual() -> None:
    text = "services:\n  - {id: a, names: {en: A1}, look_alikes: [b]}\n  - {id: b, names: {en: B1}, look_alikes: [a]}\n"
    assert parse_catalogue(text, "own.yaml").services["a"].look_alikes == ("b",)


def test_a_provider_twice_is_refused() -> None:
    text = "services:\n  - {id: c, names: {en: C1}}\n  - id: a\n    names: {en: A1}\n" + (
        "    providers:\n      - {id: c, role: primary}\n      - {id: c, role: cdn}\n"
    )
    assert refusal(text) == "own.yaml:6: providers: the provider 'c' stands here twice; keep one"


def test_a_file_that_is_not_there_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"none\.yaml:1: No such file or directory; check .* `catalogue`"):
        load_catalogue(tmp_path / "none.yaml")
