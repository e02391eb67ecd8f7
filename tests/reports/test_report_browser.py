"""The report as a browser shows it: every plot drawn, nothing on the console, nothing loaded, nothing cut off."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reports import write_reports
from reports.source import load_run
from simnet.cli.main import main

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium is installed")

WIDTHS = {"phone": 390, "laptop": 1440}

PROBE = """<!DOCTYPE html><title>probe</title><body>FRAMES<script>
const frames = [...document.querySelectorAll("iframe")];
function look(frame) {
  const page = frame.contentDocument;
  const wrong = (plot) => {
    const {legend, ...layout} = plot.layout;  // plotly.js 4.1.1 cannot validate a legend
    const found = frame.contentWindow.Plotly.validate(plot.data, layout) || [];
    return found.filter((one) => one.code !== "unused").map((one) => one.msg);
  };
  const plots = [...page.querySelectorAll(".plot")].map((plot) => [plot.dataset.plot, {
    marks: plot.querySelectorAll(".trace, .bars .point, .heatmaplayer image, .hm").length,
    unresolved: /"@[a-z]|:\\s*@[a-z]/.test(plot.innerHTML),
    invalid: wrong(plot),
  }]);
  return {overflow: page.documentElement.scrollWidth - frame.clientWidth, plots: Object.fromEntries(plots)};
}
setInterval(() => {
  if (!frames.every((frame) => frame.contentDocument?.documentElement.dataset.drawn)) return;
  document.body.textContent = JSON.stringify(Object.fromEntries(frames.map((frame) => [frame.id, look(frame)])));
}, 200);
</script></body>"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing, but remembers what was asked for."""

    asked: list[str]

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()


@contextmanager
def served(directory: Path) -> Iterator[tuple[str, list[str]]]:
    """A directory over HTTP on a free port of loopback, and the list of what is asked for."""
    asked: list[str] = []
    handler = partial(type("Handler", (Quiet,), {"asked": asked}), directory=str(directory))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def open_in_browser(url: str, profile: Path) -> tuple[str, list[str]]:
    """The document as it is once everything has been drawn, and what was said on the console."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    flags = ["--headless", "--no-sandbox", "--disable-gpu", *quiet, f"--user-data-dir={profile}"]
    shown = ["--enable-logging=stderr", "--virtual-time-budget=20000", "--window-size=2000,1000", "--dump-dom"]
    done = subprocess.run([CHROMIUM, *flags, *shown, url], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(params=[("troubled_run",), ("fraud_wins_run",), ("troubled_run", "fraud_wins_run")], ids="-".join)
def report(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory with the report of a run or the difference of two, and a page that looks at it at several widths."""
    runs = [str(request.getfixturevalue(name)) for name in request.param]
    if len(runs) == 1:
        write_reports(load_run(Path(runs[0])), tmp_path / "site")
    else:
        (tmp_path / "site").mkdir()
        assert main(["diff", *runs, "--html", str(tmp_path / "site" / "report.html")]) == 0
    frames = [f'<iframe id="{name}" width="{width}" src="report.html"></iframe>' for name, width in WIDTHS.items()]
    (tmp_path / "site" / "probe.html").write_text(PROBE.replace("FRAMES", "".join(frames)))
    return tmp_path / "site"


def test_every_plot_is_drawn_and_nothing_goes_wrong(report: Path, tmp_path: Path) -> None:
    with served(report) as (address, asked):
        document, console = open_in_browser(f"{address}/probe.html", tmp_path / "profile")
    assert console == []
    assert {path for path in asked if path != "/favicon.ico"} == {"/probe.html", "/report.html"}
    body = re.search(r"<body>(\{.*\})</body>", document, re.DOTALL)
    assert body is not None, "not everything was drawn in time"
    seen = json.loads(html.unescape(body[1]))
    wanted = set(re.findall(r'data-plot="([a-z-]+)"', (report / "report.html").read_text()))
    assert len(wanted) >= 7
    for width in WIDTHS:
        assert seen[width]["overflow"] <= 0, f"wider than a {width}"
        assert set(seen[width]["plots"]) == wanted
        for name, plot in seen[width]["plots"].items():
            assert plot["marks"] > 0, f"{name} is empty"
            assert plot["invalid"] == [], name
            assert not plot["unresolved"], f"{name} has a colour that the style sheet does not know"
