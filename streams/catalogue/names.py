"""When two spellings of a service are the same one."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 200  # characters; no name is longer, and hostile input must not cost more than its length

# Soft hyphen, zero-width and direction marks: Persian and Hindi need some, and half of the writers leave them out.
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u2060-\u2064\ufeff]")


def normalised(name: str) -> str:
    """Compatibility forms and case folded, unseen characters out, blanks trimmed and single.

    In essence `NFKC_Casefold` of the Unicode Standard, section 3.13, plus the blanks.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(_UNSEEN.sub("", folded).split())
