"""The live page in a real browser, on real servers that score real records, and on views that are made up."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from streamscore_cli.api.live_values import live_json
from streamscore_cli.config.settings import Settings
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat, ModelIdentity
from streamscore_cli.records.descriptor import encode_descriptor
from streamscore_cli.state.snapshots import ModelsSnapshot, Sample, SinkSnapshot
from tests.api.conftest import Running
from tests.api.test_live import looking, serving
from tests.integration.brokers import make_topics, settings_for, shared_broker
from tests.integration.servers import Server, wait_until
from tests.integration.wines import send, send_model, send_raw_model, wines
from tests.views import FakeView, busy_view, in_service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LINEAR = "winequality_linear_regression"
TREE = "winequality_decision_tree_regression"
BATCH = 100
EVIL = "<img src=x onerror=\"document.title='broken into'\"><script>document.title='broken into'</script>"
TOKEN = "-".join(("s3cret", "42"))
WAIT_MS = 60_000
VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""


@dataclass
class Looked:
    """A page of the browser and what its console said."""

    page: Page
    said: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        """Open the live page of a server, and be told of what its policy forbids."""
        self.page.add_init_script(VIOLATIONS)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.goto(f"http://{address}/")

    def expect_state(self, state: str) -> None:
        """Wait until the page says how its connection is."""
        self.page.wait_for_selector(f"#state[data-state={state}]", timeout=WAIT_MS)

    def figure(self, title: str) -> str:
        """Return the large figure under a title."""
        row = self.page.locator("#figures div").filter(has=self.page.get_by_text(title, exact=True))
        return row.locator("dd").inner_text()

    def number(self, title: str) -> float:
        """Return the number that a large figure begins with."""
        return float(re.split(r"\s", self.figure(title))[0].replace(",", ""))

    def rows(self, table: str) -> list[list[str]]:
        """Return the cells of a table's body."""
        found: list[list[str]] = self.page.eval_on_selector_all(
            f"#{table} tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return found

    def events(self) -> list[str]:
        """Return what the page tells of models, the newest first."""
        return self.page.locator("#events li").all_inner_texts()

    def points(self, line: str) -> int:
        """Return how many points a line of a chart has."""
        found = self.page.locator(line)
        return (found.get_attribute("d") or "").count("L") if found.count() else 0

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Wait until the page shows something."""
        wait_until(done, f"the page to show {what}")

    def sideways(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return wider

    def assert_clean(self) -> None:
        """Assert that the console is empty and the policy was never violated."""
        assert self.said == []
        assert self.page.evaluate("window.violations") == []


@pytest.fixture
def looked(page: Page) -> Looked:
    return Looked(page)


@dataclass
class Scoring:
    """A server that scores wines without a pause."""

    server: Server
    settings: Settings
    data_dir: Path

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Publish wines while the block runs."""
        values, over = itertools.cycle(wines(self.settings, self.data_dir)), threading.Event()

        def publish() -> None:
            while not over.wait(0.1):
                send(self.settings, itertools.islice(values, BATCH), (str(row).encode() for row in range(BATCH)))

        publisher = threading.Thread(target=publish)
        publisher.start()
        try:
            yield
        finally:
            over.set()
            publisher.join()


@pytest.fixture
def scoring(request: pytest.FixtureRequest, tmp_path: Path, data_dir: Path) -> Iterator[Scoring]:
    """Run a server with a linear model and wines that keep coming; it keeps its port when it is started anew."""
    settings = settings_for(shared_broker(request.config))
    make_topics(settings)
    with Server(settings, tmp_path) as server:
        server.await_ready()
        port = server.address.rpartition(":")[2]
        server.file.write_text(server.file.read_text().replace("port = 0", f"port = {port}"))
        send_model(settings, data_dir / f"{LINEAR}.pmml")
        server.await_model(LINEAR)
        scoring = Scoring(server, settings, data_dir)
        with scoring.going_on():
            yield scoring


@pytest.mark.kafka
class TestScoring:
    def test_the_figures_move(self, looked: Looked, scoring: Scoring) -> None:
        looked.open(scoring.server.address)
        looked.expect_state("live")
        looked.until(lambda: looked.number("Results") > 0, "a result")
        looked.until(lambda: looked.points("#rate .one") >= 3, "a chart")
        results, points = looked.number("Results"), looked.points("#rate .one")
        looked.until(lambda: looked.number("Results") > results + BATCH, "more results")
        looked.until(lambda: looked.points("#rate .one") > points, "a longer chart")
        looked.until(lambda: looked.number("Results a second") > 0, "a rate")
        looked.until(lambda: re.fullmatch(r"[\d.]+ (µs|ms|s)", looked.figure("99th percentile")) is not None, "a p99")
        looked.until(lambda: looked.points("#latency .one") > 0, "two seconds with results")
        looked.until(lambda: looked.points("#latency .two") > 0, "their slowest")
        looked.until(lambda: [row[2] for row in looked.rows("last") if len(row) > 1] == [LINEAR] * 10, "last results")
        assert [row[1] for row in looked.rows("partitions")] == ["0", "1", "2", "3"]
        assert looked.rows("instances")[0][:3] == ["one", scoring.server.address, "ready"]
        [model] = looked.rows("models")
        assert (model[:2], model[3]) == (["wine", LINEAR], "pmml")
        assert looked.number("Results") <= scoring.server.stats()["results"]
        looked.assert_clean()

    def test_a_swap_and_a_rejection_appear(self, looked: Looked, scoring: Scoring) -> None:
        looked.open(scoring.server.address)
        looked.until(lambda: [row[1] for row in looked.rows("models")] == [LINEAR], "the first model")
        send_model(scoring.settings, scoring.data_dir / f"{TREE}.pmml")
        looked.until(lambda: [row[1] for row in looked.rows("models")] == [TREE], "the second model")
        looked.until(lambda: f"instead of {LINEAR}" in looked.events()[0], "the swap")
        assert f"{TREE} version 1 in service for wine" in looked.events()[0]
        looked.until(lambda: looked.rows("last")[0][2:3] == [TREE], "a result of the second model")
        text = (scoring.data_dir / f"{LINEAR}.pmml").read_text().replace("<PMML", "<!DOCTYPE PMML><PMML", 1)
        refused = Artifact.of(ModelFormat.PMML, text.encode())
        send_raw_model(scoring.settings, encode_descriptor(ModelDescriptor(EVIL, "", "wine", refused)))
        looked.until(lambda: "rejected" in looked.events()[0], "the rejection")
        assert EVIL in looked.events()[0]
        assert "DOCTYPE" in looked.events()[0]
        assert [row[1] for row in looked.rows("models")] == [TREE]
        assert looked.page.title() == "streamscore"
        looked.assert_clean()

    def test_it_says_that_the_server_is_gone_and_comes_back_with_it(self, looked: Looked, scoring: Scoring) -> None:
        looked.open(scoring.server.address)
        looked.until(lambda: looked.number("Results") > 0, "a result")
        assert scoring.server.end() == 0
        looked.expect_state("lost")
        assert "connection lost at" in looked.page.inner_text("#state")
        assert looked.number("Results") > 0, "the last figures stay"
        scoring.server.start()
        looked.expect_state("live")
        scoring.server.await_ready()
        results = looked.number("Results")
        looked.until(lambda: looked.number("Results") > results, "new results")
        assert looked.rows("models")[0][1] == LINEAR
        assert all("ERR_" in said for said in looked.said), "a browser tells of each failed request"


class TestViews:
    def test_text_of_strangers_is_never_markup(self, looked: Looked) -> None:
        view = busy_view()
        model = ModelIdentity(EVIL, 20, "aa")
        view.now_models = ModelsSnapshot(
            loading=EVIL,
            in_service=(replace(in_service(model, EVIL), engine=EVIL),),
            events=tuple(
                replace(event, model=model, data_type=EVIL, reason=EVIL, previous=EVIL)
                for event in view.now_models.events
            ),
        )
        scores = tuple(
            replace(score, model=EVIL, data_type=EVIL, result=EVIL) for score in view.now_scoring.last_scores
        )
        view.now_scoring = replace(view.now_scoring, last_scores=scores, waiting={("models_data", 1): EVIL})
        view.now_sinks = (SinkSnapshot(EVIL, EVIL, problem=EVIL),)
        with serving(view) as server:
            looked.open(f"127.0.0.1:{server.port}")
            looked.until(lambda: looked.rows("models")[0][1] == EVIL, "the name as it is")
            assert looked.rows("last")[0][1:] == [EVIL] * 3
            assert looked.rows("sinks")[0][0] == EVIL
            assert EVIL in looked.page.inner_text("#notice")
            assert looked.page.locator("body img, main script").count() == 0
            assert looked.page.title() == "streamscore"
            looked.assert_clean()

    def test_a_token_is_asked_for_and_kept_in_the_tab_alone(self, looked: Looked) -> None:
        with serving(busy_view(), TOKEN) as server:
            looked.open(f"127.0.0.1:{server.port}")
            field_ = looked.page.get_by_label("This server asks for its token")
            field_.fill("wrong")
            field_.press("Enter")
            looked.page.get_by_text("The server refused this token.").wait_for()
            assert looked.rows("models") == []
            field_.fill(TOKEN)
            looked.page.get_by_role("button", name="Show").click()
            looked.expect_state("live")
            assert looked.rows("models")[0][1] == "winequality random forest"
            assert not field_.is_visible()
            looked.page.reload()
            looked.expect_state("live")
            assert TOKEN not in looked.page.url
            assert looked.page.evaluate("localStorage.length") == 0
            assert looked.page.context.cookies() == []
            assert all("401" in said for said in looked.said)

    def test_hundreds_of_models_are_filtered_sorted_and_drawn_in_part(self, looked: Looked) -> None:
        with serving(with_models(400)) as server:
            looked.open(f"127.0.0.1:{server.port}")
            looked.until(lambda: looked.page.inner_text("#models-count") == "400", "the number of models")
            assert len(looked.rows("models")) == 100
            assert looked.page.get_by_text("The first 100 are shown").is_visible()
            looked.page.get_by_role("button", name="Version").click()
            assert [row[2] for row in looked.rows("models")][:2] == ["399", "398"]
            looked.page.get_by_role("button", name="Version").click()
            assert [row[2] for row in looked.rows("models")][:2] == ["0", "1"]
            assert looked.page.locator("#models th[aria-sort=ascending]").inner_text() == "Version ↑"
            looked.page.get_by_label("Filter models").fill("TYPE-39 model")
            assert {row[0] for row in looked.rows("models")} == {"type-39", *(f"type-39{last}" for last in range(10))}
            assert looked.page.inner_text("#models-count") == "11 of 400"
            looked.page.get_by_label("Filter models").fill("no such model")
            assert looked.rows("models") == [["No model matches the filter."]]
            looked.assert_clean()

    def test_latency_has_a_gap_where_nothing_was_scored(self, looked: Looked) -> None:
        view = busy_view()
        view.now_history = tuple(
            Sample(second * 1000, 9, 9, 0, 0 if 100 <= second < 200 else 2000, 0, 40_000, 0, 6) for second in range(300)
        )
        with serving(view) as server:
            looked.open(f"127.0.0.1:{server.port}")
            looked.until(lambda: looked.points("#rate .one") == 299, "the chart")
            assert (looked.points("#latency .one"), looked.points("#latency .two")) == (198, 299)
            assert looked.page.locator("#latency text").all_text_contents()[:3] == ["1 ms", "10 ms", "100 ms"]
            assert looked.page.locator("#rate text").all_text_contents()[:3] == ["0", "5", "10"]
            looked.assert_clean()

    def test_the_keyboard_keeps_its_place_while_figures_change(self, looked: Looked) -> None:
        view = with_models(5)
        with serving(view) as server:
            looked.open(f"127.0.0.1:{server.port}")
            looked.expect_state("live")
            button = looked.page.get_by_role("button", name="Model")
            button.focus()
            view.now_models = replace(view.now_models, in_service=view.now_models.in_service[:2])
            looked.until(lambda: len(looked.rows("models")) == 2, "fewer models")
            assert button.evaluate("button => button === document.activeElement")
            looked.page.keyboard.press("Enter")
            assert looked.page.locator("#models th[aria-sort=ascending]").inner_text() == "Model ↑"
            looked.assert_clean()

    def test_dozens_of_instances_are_shown_as_one_cluster(self, looked: Looked) -> None:
        state = json.dumps(cluster(40))
        with serving(busy_view()) as server:
            looked.page.route("**/live", lambda route: route.fulfill(body=f"data: {state}\n\n"))
            looked.open(f"127.0.0.1:{server.port}")
            looked.until(lambda: len(looked.rows("instances")) == 40, "all instances")
            [model] = looked.rows("models")
            assert model[1] == "winequality random forest"
            assert model[5] == "100,000", "40 times 2,500"
            assert looked.figure("Results") == "200,000"
            assert looked.rows("letters") == [["decode", "undecodable", "400"]]
            assert len(looked.events()) == 3
            assert "on 40 of 40 instances" in looked.events()[0]
            partitions = looked.rows("partitions")
            assert [len(partitions), len(partitions[0])] == [80, 5]
            assert partitions[0][-1] == "beer", "those that wait come first"

    def test_a_tab_in_the_background_asks_for_nothing(self, looked: Looked) -> None:
        with serving(busy_view(), most_viewers=1) as server:
            looked.open(f"127.0.0.1:{server.port}")
            looked.expect_state("live")
            assert server.request("/live").status == 503
            self._hide(looked.page, hidden=True)
            looked.expect_state("waiting")
            wait_until(lambda: status_of_stream(server) == 200, "room for another viewer", 10)
            self._hide(looked.page, hidden=False)
            looked.expect_state("live")

    @staticmethod
    def _hide(page: Page, *, hidden: bool) -> None:
        page.evaluate(
            """hidden => {
                Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )

    def test_one_viewer_too_many_is_told_so(self, looked: Looked) -> None:
        with serving(busy_view(), most_viewers=0) as server:
            looked.open(f"127.0.0.1:{server.port}")
            looked.expect_state("lost")
            assert "too many look at this page" in looked.page.inner_text("#state")

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_it_is_readable_on_a_phone(self, browser: Browser, scheme: Any) -> None:
        view = with_models(30)
        view.now_sinks = (SinkSnapshot("influxdb", "", 9, 4, 3, {"queue-full": 2}, "InfluxDB does not answer " * 5),)
        size: Any = {"width": 360, "height": 740}
        with serving(view) as server, browser.new_context(viewport=size, color_scheme=scheme) as context:
            looked = Looked(context.new_page())
            looked.open(f"127.0.0.1:{server.port}")
            looked.until(lambda: len(looked.rows("models")) == 30, "the models")
            looked.until(lambda: looked.points("#rate .one") > 0, "the chart")
            assert looked.sideways() == 0
            for text in contrasts(looked.page):
                assert text["ratio"] >= 4.5, text
            looked.assert_clean()

    def test_each_table_and_field_has_a_name_for_those_who_do_not_see(self, looked: Looked) -> None:
        view = busy_view()
        view.now_sinks = (SinkSnapshot("influxdb", ""),)
        with serving(view) as server:
            looked.open(f"127.0.0.1:{server.port}")
            looked.expect_state("live")
            page = looked.page
            assert page.get_by_role("heading", level=1).all_inner_texts() == ["streamscore"]
            assert page.get_by_role("heading", level=2).count() == 7
            for name in ("Models in service", "Last results", "Partitions", "Dead letters", "Sinks", "Instances"):
                assert page.get_by_role("region", name=name).get_by_role("table").count() == 1
            assert page.get_by_role("searchbox", name="Filter models").count() == 1
            assert page.get_by_role("status").inner_text() == "live"
            assert page.get_by_role("img").count() == 2
            assert page.locator("th:not([scope=col])").count() == 0


def status_of_stream(server: Running) -> int:
    """Look for a moment."""
    with looking(server) as stream:
        return stream.status


def with_models(number: int) -> FakeView:
    """Return a busy view with many models and five minutes of history."""
    view = busy_view()
    models = tuple(in_service(ModelIdentity(f"model {at}", at, "aa"), f"type-{at}") for at in range(number))
    view.now_models = replace(view.now_models, in_service=models)
    view.now_history = tuple(Sample(second * 1000, 9, 9, 0, 2000, 3000, 4000, 5000, 6) for second in range(300))
    return view


def cluster(number: int) -> dict[str, Any]:
    """Return a state of many instances, as the page would be sent one."""
    state = live_json(busy_view())
    [instance] = state["instances"]
    return state | {"instances": [instance | {"name": f"wine-{at}", "host": f"10.0.0.{at}"} for at in range(number)]}


def contrasts(page: Page) -> list[dict[str, Any]]:
    """Return the ratio of contrast (WCAG 2) of the text of each kind of element to what lies behind it."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => {
            const channels = (color) => color.match(/[\\d.]+/g).map(Number);
            const light = (color) => channels(color).slice(0, 3)
              .map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
              .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
            const behind = (node) => {
              const color = getComputedStyle(node).backgroundColor;
              return channels(color)[3] === 0 ? behind(node.parentElement) : color;
            };
            return [...document.querySelectorAll("h1, h2, p, dt, dd, th, td, li, span, small, figcaption, time, #who")]
              .filter((node) => node.textContent && node.checkVisibility()).map((node) => {
                const pair = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => b - a);
                return { text: node.textContent, ratio: (pair[0] + 0.05) / (pair[1] + 0.05) };
              });
        }"""
    )
    return found
