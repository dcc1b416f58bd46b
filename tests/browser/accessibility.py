"""Whether a page, as it stands in the browser, can be used by everyone: axe-core's rules, through all shadow trees."""

from __future__ import annotations

import contextlib

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.dashboard.conftest import wait_for

#: Known violations that cannot be mended here, (rule, part of the element), each with its reason: there are none.
EXCEPTIONS: dict[tuple[str, str], str] = {}


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical, a line an element: impact, rule, where it is and how it looks."""
    return [
        f"{rule['impact']} {rule['id']}: {node['target']} {node['html'][:200]}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
        if rule["impact"] in ("serious", "critical")
        and not any(rule["id"] == known and part in node["html"] for known, part in EXCEPTIONS)
    ]


def assert_accessible(page: Page, but: tuple[str, ...] = ()) -> None:
    """Fail unless axe-core finds nothing serious or critical in the page but this, once it has come to rest.

    Parameters
    ----------
    page : Page
    but : tuple of str
        Impact and rule of what must be found, an entry an element, for example ``critical button-name``.
    """
    seen: list[list[str]] = []

    def sound() -> bool:
        seen.append(violations(page))
        return tuple(line.split(":")[0] for line in seen[-1]) == but

    with contextlib.suppress(AssertionError):
        wait_for(sound, seconds=15)
    assert tuple(line.split(":")[0] for line in seen[-1]) == but, seen[-1]
