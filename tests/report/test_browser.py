"""The page in a browser; skipped where selenium or Chromium is missing."""

import base64
import csv
import json
import shutil
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from report_case import FOLDER, HOSTILE

from zoo.report.page import anchor

selenium = pytest.importorskip("selenium", reason="selenium is not installed")
from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium or its driver is missing"),
    pytest.mark.slow,
]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SWITCHES = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def start(scripted=True):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in SWITCHES:
        options.add_argument(switch)
    if not scripted:
        off = {"profile.managed_default_content_settings.javascript": 2}
        options.add_experimental_option("prefs", off)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))


@pytest.fixture(scope="module")
def chromium():
    driver = start()
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium, root):
    """Returns a browser that has just opened the page; nothing may have gone wrong at the end."""
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.get("about:blank")
    chromium.get_log("browser")
    chromium.get_log("performance")
    chromium.get((root / "index.html").as_uri())
    yield chromium
    assert chromium.get_log("browser") == []
    sent = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    sent = [each for each in sent if each["method"] == "Network.requestWillBeSent"]
    urls = {each["params"]["request"]["url"].partition("#")[0] for each in sent}
    assert urls <= {(root / "index.html").as_uri(), "about:blank"}


def shown(browser):
    rows = browser.find_elements(By.CSS_SELECTOR, ".ledger tbody tr")
    return [row.find_element(By.TAG_NAME, "th").text for row in rows if row.is_displayed()]


def figure(browser, kind, name="optimizer_default"):
    """Returns a chart of an experiment once the script has started it."""
    found = browser.find_element(By.CSS_SELECTOR, f"#{name} .chart.{kind}")
    browser.execute_script("arguments[0].scrollIntoView()", found)
    WebDriverWait(browser, 10).until(lambda _: found.find_elements(By.CLASS_NAME, "reading"))
    return found


def said(browser):
    return browser.find_element(By.ID, "status").get_attribute("textContent")


def test_filters_narrow_the_ledger_and_stand_in_the_address(browser):
    every = shown(browser)
    Select(browser.find_element(By.NAME, "topic")).select_by_value("optimizers")
    WebDriverWait(browser, 5).until(lambda _: len(shown(browser)) < len(every))
    some = shown(browser)
    assert 0 < len(some) < len(every)
    browser.find_element(By.NAME, "text").send_keys("adam")
    fewer = shown(browser)
    assert 0 < len(fewer) <= len(some)
    told = browser.find_element(By.ID, "shown").text
    assert told == f"{len(fewer)} of {len(every)} verdicts"
    address = browser.current_url
    assert parse_qs(address.partition("#?")[2]) == {"topic": ["optimizers"], "text": ["adam"]}
    browser.get("about:blank")
    browser.get(address)
    assert shown(browser) == fewer
    browser.find_element(By.CSS_SELECTOR, "#filters button").click()
    WebDriverWait(browser, 5).until(lambda _: shown(browser) == every)


def test_heads_sort_and_sort_back(browser):
    head = browser.find_element(By.CSS_SELECTOR, ".ledger thead th button")
    head.click()
    rising = shown(browser)
    assert rising == sorted(rising, key=str.lower)
    head.click()
    assert shown(browser) == rising[::-1]
    assert "sort=-0" in browser.current_url
    table = browser.find_element(By.CSS_SELECTOR, "#optimizer_default .table table")
    column = table.find_elements(By.CSS_SELECTOR, "thead th")[3]
    assert column.text.startswith("test %")
    browser.execute_script("arguments[0].querySelector('button').click()", column)
    assert column.get_attribute("aria-sort") == "ascending"
    cells = table.find_elements(By.CSS_SELECTOR, "tbody tr td:nth-child(4)")
    values = [float(cell.get_attribute("textContent").split()[0]) for cell in cells]
    assert values == sorted(values)


def test_arrow_keys_read_the_values_of_the_table(browser):
    found = figure(browser, "lines")
    picture = found.find_element(By.CSS_SELECTOR, "svg[tabindex]")
    table = browser.execute_script(
        "return [...arguments[0].querySelector('table').rows]"
        ".map(row => [...row.cells].map(cell => cell.textContent.trim()))",
        found,
    )
    picture.send_keys(Keys.ARROW_RIGHT)
    head, first, second = table[:3]
    assert said(browser) == f"{head[1]}: {first[1]} at {head[0]} {first[0]}"
    picture.send_keys(Keys.ARROW_RIGHT)
    assert said(browser) == f"{head[1]}: {second[1]} at {head[0]} {second[0]}"
    picture.send_keys(Keys.ARROW_DOWN)
    assert said(browser) == f"{head[2]}: {second[2]} at {head[0]} {second[0]}"
    rows = figure(browser, "rows")
    rows.find_element(By.CSS_SELECTOR, "svg[tabindex]").send_keys(Keys.ARROW_DOWN)
    cells = rows.find_elements(By.CSS_SELECTOR, "tbody tr:first-child > *")
    assert said(browser) == ": ".join(c.get_attribute("textContent").strip() for c in cells)


def test_the_pointer_reads_too(browser):
    found = figure(browser, "lines")
    ActionChains(browser).move_to_element(found.find_element(By.CLASS_NAME, "plot")).perform()
    assert " at epoch " in found.find_element(By.CLASS_NAME, "reading").text


def test_variants_are_toggled(browser):
    found = figure(browser, "lines")
    button = found.find_element(By.CSS_SELECTOR, ".legend button")
    line = found.find_element(By.CSS_SELECTOR, "g[data-series='0']")
    for state in ("false", "true"):
        browser.execute_script("arguments[0].click()", button)
        assert button.get_attribute("aria-pressed") == state
        assert line.is_displayed() == (state == "true")


def test_a_picture_is_zoomed_with_its_axes(browser):
    found = figure(browser, "lines")
    picture = found.find_element(By.CSS_SELECTOR, "svg[tabindex]")
    plot = found.find_element(By.CLASS_NAME, "plot")

    def view():
        told = browser.execute_script("return arguments[0].getAttribute('viewBox')", plot)
        return [float(each) for each in told.split()]

    whole = view()

    def ticks():
        return [each.text for each in found.find_elements(By.CSS_SELECTOR, ".ticks.x text")]

    before = ticks()
    picture.send_keys("+" * 4)
    assert view() != whole
    assert ticks() != before
    picture.send_keys("0")
    assert view() == whole
    assert ticks() == before
    drag = ActionChains(browser).move_to_element_with_offset(plot, -50, -50).click_and_hold()
    drag.move_by_offset(80, 60).release().perform()
    assert view() != whole
    button = found.find_element(By.XPATH, ".//button[text()='Show all']")
    button.click()
    assert ticks() == before


def test_tables_are_copied_in_three_formats(browser):
    table = browser.find_element(By.CSS_SELECTOR, "#optimizer_default .table")
    browser.execute_script(
        "Object.defineProperty(navigator, 'clipboard',"
        "{value: {writeText: async text => { window.copied = text; }}})"
    )
    copied = {}
    for button in table.find_elements(By.CSS_SELECTOR, ".tools button"):
        browser.execute_script("arguments[0].click()", button)
        WebDriverWait(browser, 5).until(lambda _, b=button: said(browser) == f"{b.text[5:]} copied")
        copied[button.text[5:]] = browser.execute_script("return window.copied")
    assert list(copied) == ["CSV", "Markdown", "LaTeX"]
    rows = list(csv.reader(copied["CSV"].splitlines()))
    cells = [line.split("|")[1:-1] for line in copied["Markdown"].splitlines()]
    assert [[cell.strip() for cell in line] for line in cells if line[0] != "---"] == rows
    assert rows[0][:2] == ["variant", "learning rate"]
    head, *_, foot = copied["LaTeX"].splitlines()
    assert head == f"\\begin{{tabular}}{{l{'r' * (len(rows[0]) - 1)}}}"
    assert foot == "\\end{tabular}"
    assert "validation \\%" in copied["LaTeX"]


def test_colours_follow_the_system_and_the_switch(browser):
    def paper():
        return browser.execute_script("return getComputedStyle(document.body).backgroundColor")

    for scheme in ("dark", "light"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        assert paper() == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 27)"}[scheme]
    Select(browser.find_element(By.ID, "theme")).select_by_value("dark")
    assert paper() == "rgb(22, 24, 27)"
    browser.refresh()
    assert paper() == "rgb(22, 24, 27)"
    print_it = {"media": "print", "features": features}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", print_it)
    assert paper() == "rgb(255, 255, 255)"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
    Select(browser.find_element(By.ID, "theme")).select_by_value("")
    assert paper() == "rgb(255, 255, 255)"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(browser, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for name in ("start", "ledger", "optimizer_default", anchor(FOLDER)):
        browser.execute_script("document.getElementById(arguments[0]).scrollIntoView()", name)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_names_of_others_run_nothing(browser):
    section = browser.execute_script("return document.getElementById(arguments[0])", anchor(FOLDER))
    browser.execute_script("arguments[0].scrollIntoView()", section)
    words = section.get_attribute("textContent")
    assert all(name in words for name in HOSTILE[:3])
    assert section.find_elements(By.CSS_SELECTOR, "img, script, b, i") == []


def test_print_opens_everything(browser):
    closed = len(browser.find_elements(By.CSS_SELECTOR, "details:not([open])"))
    assert closed
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.find_elements(By.CSS_SELECTOR, "details:not([open])") == []
    browser.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert len(browser.find_elements(By.CSS_SELECTOR, "details:not([open])")) == closed
    printed = base64.b64decode(browser.print_page())
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") > 5


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is missing: npm install axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for each in browser.find_elements(By.CLASS_NAME, "chart"):
        browser.execute_script("arguments[0].scrollIntoView()", each)
    ask = "axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations))"
    for text in (AXE.read_text(encoding="utf-8"), ask):  # past the page's own policy
        told = {"expression": text, "awaitPromise": True, "returnByValue": True}
        found = browser.execute_cdp_cmd("Runtime.evaluate", told)["result"]
    assert [each["id"] for each in json.loads(found["value"])] == []


def test_without_script_all_but_the_filters_is_there(root):
    driver = start(scripted=False)
    try:
        driver.get((root / "index.html").as_uri())
        assert not driver.find_element(By.ID, "filters").is_displayed()
        assert not driver.find_element(By.ID, "theme").is_displayed()
        rows = driver.find_elements(By.CSS_SELECTOR, ".ledger tbody tr")
        assert rows
        assert all(row.is_displayed() for row in rows)
        for picture in driver.find_elements(By.CSS_SELECTOR, "#optimizer_default .chart > svg"):
            assert picture.size["height"] > 50
        driver.find_element(By.CSS_SELECTOR, "#optimizer_default .chart summary").click()
        assert driver.find_element(
            By.CSS_SELECTOR, "#optimizer_default .chart table"
        ).is_displayed()
    finally:
        driver.quit()
