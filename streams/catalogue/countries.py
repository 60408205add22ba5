"""Codes of countries and regions: ISO 3166-1 alpha-2, ISO 3166-2, or a cloud's own."""

from __future__ import annotations

import re

# ISO 3166-1 alpha-2, officially assigned; XK (Kosovo) is user-assigned there and in common use.
_LISTED = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT
    MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ
    UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_LISTED.split())

_USUAL_SLIPS = {"UK": "GB", "EN": "GB", "JA": "JP", "EL": "GR"}
_SUBDIVISION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_OF_A_CLOUD = re.compile(r"[a-z][a-z0-9]{2,}(-[a-z0-9]+)*|[a-z]{2}(-[a-z0-9]+)+")


def country_remedy(code: str) -> str | None:
    """None for a country's code, or one of a part of it (`CA-ON`); else what to write instead."""
    country = code[:2]
    if country in COUNTRIES and (len(code) == 2 or _SUBDIVISION.fullmatch(code)):
        return None
    upper = code.upper()
    better = _USUAL_SLIPS.get(upper, upper)
    if better in COUNTRIES:
        return f"write {better}"
    return "take a code of ISO 3166-1 (US) or 3166-2 (CA-ON)"


def region_remedy(code: str) -> str | None:
    """None for a region's code; else what to write instead."""
    if _OF_A_CLOUD.fullmatch(code) and len(code) <= 40:
        return None
    remedy = country_remedy(code)
    return remedy and remedy.replace("(CA-ON)", "(CA-ON), or a cloud's own in lower case (us-east-1)")
