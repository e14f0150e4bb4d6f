"""The browser: where it is found, started without a way to the network, and ended with this process."""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from fieldcraft.common.errors import FieldcraftError, MissingRequirement
from fieldcraft.common.system import installed
from fieldcraft.common.text import visible_line
from fieldcraft.envs.miniwob import keeper
from fieldcraft.envs.missing import BrokenEnvironment
from fieldcraft.envs.types import PrimitiveError

T = TypeVar("T")

APT = "apt-get install chromium chromium-driver"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_VARIABLE, DRIVER_VARIABLE = "MINIWOB_CHROME_BINARY", "MINIWOB_CHROMEDRIVER"
"""The package's own variables for a browser and a driver that are not on the path."""
WIDTH, HEIGHT = 160, 210
"""Of the task in the page, in pixels."""
SCALE = 3
"""Pixels of a picture for one of the page."""
_SECONDS = 20
"""For any answer of the browser."""
_LONGEST_FOLDER = 40
"""Characters of a folder in which the browser can still put its socket, whose path has 108 at most."""
_ARGUMENTS = (
    "headless=new",
    "remote-debugging-pipe",
    "host-resolver-rules=MAP * ~NOTFOUND",
    "disable-background-networking",
    "disable-component-update",
    "disable-default-apps",
    "disable-dev-shm-usage",
    "disable-extensions",
    "disable-gpu",
    "disable-sync",
    "no-first-run",
    "window-size=500,400",
)


class NeedsMiniWob(BrokenEnvironment, MissingRequirement):
    """A package, the browser or its driver is missing; the message names the command that brings it."""


class BrowserLost(FieldcraftError):
    """The browser has ended, or does not answer."""


class PageRefused(PrimitiveError):
    """The page did not take what was asked of it; the browser goes on."""


def require_packages() -> None:
    """Refuse this world where its packages are not installed.

    Raises:
        NeedsMiniWob: one is not.
    """
    if not installed("miniwob", "selenium"):
        raise NeedsMiniWob("miniwob-v1 needs the extra 'miniwob': pip install 'fieldcraft[miniwob]'")


def find_browser() -> str:
    """The path of the browser.

    Raises:
        NeedsMiniWob: there is none.
    """
    found = os.environ.get(BROWSER_VARIABLE) or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found or not Path(found).is_file():
        raise NeedsMiniWob(f"miniwob-v1 needs Chromium; run: {APT} (or set {BROWSER_VARIABLE})")
    return found


def find_driver() -> str:
    """The path of the browser's driver.

    Raises:
        NeedsMiniWob: there is none.
    """
    found = os.environ.get(DRIVER_VARIABLE) or shutil.which("chromedriver")
    if not found or not Path(found).is_file():
        raise NeedsMiniWob(f"miniwob-v1 needs Chromium's driver; run: {APT} (or set {DRIVER_VARIABLE})")
    return found


class Browser:
    """A browser without a window, from its start until it is lost or closed.

    Raises:
        NeedsMiniWob: it is not installed, or does not start; the message says why.
    """

    def __init__(self) -> None:
        browser, driver = find_browser(), find_driver()
        from selenium import webdriver

        folder = _folder()
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for argument in (*_ARGUMENTS, f"user-data-dir={folder}/profile"):
            options.add_argument(argument)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.add_argument("no-sandbox")  # which Chromium wants where it is started by root
        self._service = _service(folder, driver)
        try:
            self.driver = self._heard(webdriver.Chrome, service=self._service, options=options)
        except BrowserLost as error:
            self._service.stop()
            shutil.rmtree(folder, ignore_errors=True)
            raise NeedsMiniWob(f"{browser} does not start with {driver}: {error}; run: {APT}") from error
        self.driver.command_executor.client_config.timeout = _SECONDS
        self.driver.set_page_load_timeout(_SECONDS)
        self.driver.set_script_timeout(_SECONDS)

    def open(self, address: str) -> None:
        """Load a page."""
        self._heard(self.driver.get, address)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns in the page."""
        return self._heard(self.driver.execute_script, script, *arguments)

    def perform(self, action: Callable[..., None], *arguments: Any) -> None:
        """Do one of the package's actions (`miniwob.selenium_actions`)."""
        self._heard(action, *arguments, self.driver)

    def picture(self) -> bytes:
        """The task as a PNG, larger than on the page."""
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": SCALE}
        found = self._heard(self.driver.execute_cdp_cmd, "Page.captureScreenshot", {"clip": clip})
        return base64.b64decode(found["data"])

    def close(self) -> None:
        """End the browser and its driver. Safe to call twice."""
        if self._service.process is not None:
            with suppress(Exception):
                self._service.process.stdin.close()
            self._service.process.wait()

    @staticmethod
    def _heard(call: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What a call of the driver gives.

        Raises:
            PageRefused: a script failed in the page, or it shows an alert, or the point lies outside.
            BrowserLost: the browser does not answer.
        """
        from selenium.common import exceptions
        from urllib3.exceptions import HTTPError

        refusals = (
            exceptions.JavascriptException,
            exceptions.MoveTargetOutOfBoundsException,
            exceptions.UnexpectedAlertPresentException,
        )
        try:
            return call(*arguments, **named)
        except refusals as error:
            raise PageRefused(f"the page did not take it: {_told(error)}") from error
        except (exceptions.WebDriverException, HTTPError, OSError) as error:
            raise BrowserLost(_told(error)) from error


def _told(error: Exception) -> str:
    said = str(getattr(error, "msg", None) or error).strip().partition("\n")[0]
    return visible_line(said, 300) or type(error).__name__


def _folder() -> str:
    """A new folder for the browser's profile."""
    usual = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="fieldcraft-", dir=usual if len(usual) <= _LONGEST_FOLDER else "/tmp")  # noqa: S108


def _service(folder: str, driver: str) -> Any:
    """The driver's process, started by a keeper that ends it when this process has ended."""
    from selenium.webdriver.chrome.service import Service

    class Kept(Service):  # type: ignore[misc]
        def command_line_args(self) -> list[str]:
            return ["-I", "-S", keeper.__file__, folder, driver, *super().command_line_args()]

    return Kept(executable_path=sys.executable)
