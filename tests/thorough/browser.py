"""A real browser without a screen, which tells what a page logs and what it asks the network for."""

import json
import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")


class Browser:
    """Headless Chromium with one page."""

    def __init__(self, width, height):
        from selenium import webdriver  # noqa: PLC0415  only where there is a browser
        from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        sandbox = [] if os.getuid() else ["--no-sandbox"]  # root has none
        size = f"--window-size={width},{height}"
        for argument in ("--headless=new", "--disable-dev-shm-usage", size, *sandbox):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        # A window has a least width; the page must see the one that was asked for.
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def open(self, path):
        self.driver.get(path.absolute().as_uri())

    def run(self, script):
        """Run JavaScript in the page; ``return`` gives its value."""
        return self.driver.execute_script(script)

    def errors(self):
        """Errors in the console."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def hosts_asked(self):
        """Addresses that the page asked for, but files and data that it holds itself."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [
            found["params"]["request"]["url"] for found in messages if found["method"] == "Network.requestWillBeSent"
        ]
        assert asked
        return [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]


@pytest.fixture(params=[(1280, 900), (420, 800)], ids=["desktop", "narrow"])
def browser(request):
    if not (CHROMIUM and DRIVER):
        reason = "no chromium and chromedriver"
        if os.environ.get("REPDRIFT_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    opened = Browser(*request.param)
    yield opened
    opened.driver.quit()
