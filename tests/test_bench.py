"""The benchmark measures what it says: its workloads, its load, its arithmetic, and the work that is done in it."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bench.bodies import CUSTOMERS, ORDERS, TREATED, mask, workloads
from bench.contestants import HERE, KEEP, agreed, contestants, serving
from bench.load import LoadFailed, Target, own, read_wrk
from bench.peers.bare import treated
from bench.processes import Cores, DidNotStart, Process, free_ports, pinned, running
from bench.proxy import Field, Series, check, targets
from bench.report import show, surroundings
from bench.run import main
from bench.upstream import answers

LIST, ONE, *_ = workloads()
WRK = """\
Running 1s test @ http://127.0.0.1:1/api/orders
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   845.92us  110.30us   1.00ms   71.43%
    Req/Sec    14.50      9.04    20.00     75.00%
  Latency Distribution
     50%  844.00us
     75%  949.10us
     90%    1.00ms
     99%    1.25s 
  700 requests in 2.00s, 155.26KB read
Requests/sec:    350.00
Transfer/sec:    151.02KB
"""  # noqa: W291 - wrk does so


@pytest.fixture(scope="module")
def upstream(tmp_path_factory):
    """Our own upstream, as a process."""
    (port,) = free_ports(1)
    log = tmp_path_factory.mktemp("upstream") / "log"
    with running([sys.executable, HERE / "upstream.py", str(port)], port, Cores.found().both, log) as process:
        yield port, process


def served(port, workload):
    return Target(port, workload.path, len(workload.body))


# what crosses


def test_the_workloads_are_of_the_size_that_the_design_names():
    assert abs(len(LIST.body) - 224_000) < 500
    assert abs(len(ONE.body) - 1_100) < 50


def test_the_list_holds_200_orders_of_37_customers():
    orders = json.loads(LIST.body)["value"]
    assert len(orders) == ORDERS == 200
    assert len({order["customer"]["id"] for order in orders}) == CUSTOMERS == 37


def test_five_texts_of_each_order_are_masked_and_nothing_else_changes():
    before, after = json.loads(ONE.body), ONE.treated(lambda _: 4)
    for *above, last in TREATED:
        old, new = before["customer"], after["customer"]
        for name in above:
            old, new = old[name], new[name]
        assert new[last] == mask(old[last], 4) != old[last]
        new[last] = old[last]
    assert before == after


def test_the_same_bytes_are_made_every_time():
    assert workloads() == workloads()


def test_a_peer_masks_as_the_check_expects():
    assert json.loads(treated(LIST.body)) == LIST.treated(lambda _: KEEP)


# the load


def test_our_own_client_counts_whole_answers(upstream):
    port, _ = upstream
    load = own(served(port, LIST), seconds=20, connections=4, most=50)
    assert load.requests in range(50 - 4 + 1, 51)
    assert 0 < load.p50_ms <= load.p99_ms
    assert load.rate > 0


def test_an_answer_of_another_length_is_no_answer(upstream):
    port, _ = upstream
    with pytest.raises(LoadFailed, match=f"expected 200 with {len(LIST.body)} bytes"):
        own(Target(port, ONE.path, len(LIST.body)), seconds=20, connections=2, most=10)


def test_an_error_status_is_no_answer(upstream):
    port, _ = upstream
    with pytest.raises(LoadFailed, match="404"):
        own(Target(port, "/nowhere", 0), seconds=20, connections=2, most=10)


def test_what_wrk_prints_is_read():
    load = read_wrk(WRK)
    assert (load.requests, load.rate, load.p50_ms, load.p99_ms) == (700, 350.0, 0.844, 1250.0)


@pytest.mark.parametrize(
    "said",
    [
        WRK + "  Non-2xx or 3xx responses: 3\n",
        WRK + "  Socket errors: connect 0, read 1, write 0, timeout 0\n",
        WRK.replace("700 requests", "0 requests"),
        "",
    ],
)
def test_what_wrk_complains_of_is_no_measurement(said):
    with pytest.raises(LoadFailed):
        read_wrk(said)


# the processes


def test_the_processor_time_and_the_memory_of_a_process_are_seen(upstream):
    port, process = upstream
    before = process.cpu_seconds()
    own(served(port, LIST), seconds=20, connections=2, most=400)
    assert process.cpu_seconds() > before
    assert process.memory() > 1
    assert process.family() == [process.pid]


def test_a_process_that_ends_at_once_says_why(tmp_path):
    words = [sys.executable, "-c", "raise SystemExit('no such luck')"]
    with pytest.raises(DidNotStart, match="no such luck"), running(words, 1, Cores.found().both, tmp_path / "log"):
        pass


def test_a_process_is_ended_with_its_block(tmp_path):
    (port,) = free_ports(1)
    words = [sys.executable, HERE / "upstream.py", str(port)]
    with running(words, port, Cores.found().both, tmp_path / "log") as process:
        assert Path(f"/proc/{process.pid}").exists()
    assert not Path(f"/proc/{process.pid}").exists()


def test_pinning_lasts_for_its_block_only():
    before = os.sched_getaffinity(0)
    with pinned(frozenset({min(before)})):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before


# the arithmetic and the tables


def series(*rates):
    return Series(list(rates), [1.0] * len(rates), [2.0] * len(rates), [1e6 / rate for rate in rates])


def test_a_ratio_is_the_median_of_the_ratios_within_each_round():
    found = {("list", "gateway"): series(30, 10, 21), ("list", "nginx+Lua"): series(10, 5, 10)}
    first = next(one for one in targets(found) if one["against"] == "nginx+Lua")
    assert (first["ratio"], first["cpu_ratio"], first["reached"]) == (2.1, 2.1, True)


def test_a_target_against_a_peer_that_is_not_there_is_not_measured():
    assert {one["ratio"] for one in targets({("list", "gateway"): series(1.0)})} == {None}


def test_the_tables_tell_what_was_reached_and_how_to_have_what_is_missing():
    found = {("list", "gateway"): series(30.0, 31.0), ("list", "aiohttp+orjson"): series(60.0, 62.0)}
    section = {
        "load": "own", "upstream": "own", "rounds": 2, "seconds": 1,
        "recorded": {"gateway": {"flows": 5, "entries": 10}},
        "missing": {"mitmproxy": "pip install mitmproxy"},
        "workloads": {"list": {"title": "a list", "bytes": 3, "counts": True}},
        "rows": [{"workload": w, "contestant": c, **one.medians()} for (w, c), one in found.items()],
        "targets": targets(found),
    }  # fmt: skip
    said = io.StringIO()
    sections = {"proxy": section, "decision": {"rows": [{"policies": 10}], "target_us": 5}, "marks": {"failed": "why"}}
    show({"surroundings": surroundings(), "sections": sections}, Console(file=said, width=120))
    for told in (
        "0.50",
        "NOT reached",
        "not measured",
        "pip install mitmproxy",
        "policies",
        "target_us: 5",
        "failed: why",
    ):
        assert told in said.getvalue()


def test_a_section_that_is_not_known_is_a_usage_error(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "proxi"])
    assert "no section is called 'proxi'" in capsys.readouterr().err


# the gateway in it


def test_every_contestant_has_a_name_of_its_own():
    names = [one.name for one in contestants(Cores.found())]
    assert len(names) == len(set(names))


def test_the_gateway_does_all_of_the_work_that_is_measured(upstream, tmp_path):
    port, _ = upstream
    gateway = next(one for one in contestants(Cores.found()) if one.name == "gateway")
    assert gateway.keep is agreed
    with serving(tmp_path / "gateway", port, Cores.found().both) as runs:
        field = Field(Cores.found(), "own", "own", workloads(), {"gateway": (gateway, runs)})
        lengths = check(field)
        load = own(
            Target(runs.port, runs.prefix + ONE.path, lengths["one", "gateway"], runs.headers),
            20,
            connections=4,
            most=20,
        )
        assert load.requests > 0
        assert Process(runs.process.pid).memory() > 10


def test_the_upstream_answers_as_nginx_would():
    head, _, body = answers(workloads())[b"/api/gzipped"].partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert f"Content-Length: {len(body)}".encode() in head
