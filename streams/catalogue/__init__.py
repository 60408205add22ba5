"""The catalogue: every service with its names, providers, dependencies, look-alikes and regions.

1. `marked_yaml.read_yaml`   bytes -> a tree with line numbers; nothing YAML could surprise with
2. `entry.read_entry`        one entry -> a `Service`, each field by `fields`, with what it claims and refers to
3. `checks.check_entries`    duplicates, unknown references, loops
4. `lookup.Catalogue`        the operator's layer over the shipped one; who is meant, where, who runs on whom
"""

from streams.catalogue.load import load_catalogue, merge_catalogues, parse_catalogue
from streams.catalogue.lookup import Catalogue
from streams.catalogue.problem import CatalogueError
from streams.catalogue.service import Maintenance, ProviderRef, Service

__all__ = [
    "Catalogue",
    "CatalogueError",
    "Maintenance",
    "ProviderRef",
    "Service",
    "load_catalogue",
    "merge_catalogues",
    "parse_catalogue",
]
