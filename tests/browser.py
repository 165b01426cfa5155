"""A real browser for tests of pages: Chromium without a window, that cannot reach a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

DRIVER = "/usr/bin/chromedriver"
"""Named, so that Selenium downloads none."""

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    # whatever a page asks for is not found, but on this computer
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip

TIMEOUT_S = 20
"""For a page to load, a script to end, and for what is waited for."""


@contextmanager
def browser(folder: Path) -> Iterator[Chrome]:
    """A browser whose profile is in a folder that is empty."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in (*ARGUMENTS, f"--user-data-dir={folder}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, Service(DRIVER))
    try:
        driver.set_page_load_timeout(TIMEOUT_S)
        driver.set_script_timeout(TIMEOUT_S)
        yield driver
    finally:
        driver.quit()


def wait_for(driver: Chrome, script: str) -> None:
    """Wait until a JavaScript expression is true."""
    waiting = WebDriverWait(driver, TIMEOUT_S, poll_frequency=0.05)
    waiting.until(lambda at: at.execute_script(f"return {script}"), script)


def resize(driver: Chrome, width: int, height: int) -> None:
    """Give pages a viewport, also one that is narrower than a window can be."""
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})


def prefer(driver: Chrome, scheme: str) -> None:
    """Let pages believe that their reader prefers light or dark."""
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                           {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


def picture(driver: Chrome) -> bytes:
    """What is seen, as PNG."""
    return driver.get_screenshot_as_png()
