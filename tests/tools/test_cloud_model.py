from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import wait
from typing import cast

import pytest

from infra.lab.model import costs
from infra.lab.model.assumptions import Latency, assumptions
from infra.lab.model.queueing import capacity
from infra.lab.model.report import model
from infra.lab.model.run import QUEUED, Sample, Scenario, sample
from infra.lab.model.stack import stack
from infra.lab.model.tables import tables
from infra.lab.model.timeline import Beside, Timeline, draw
from infra.local import template
from infra.local.home import PROJECT
from infra.markdown import table

ASSUMED = assumptions()
STACK = stack()


def samples(scenario: Scenario) -> list[Sample]:
    return [sample(scenario, ASSUMED, number) for number in range(12)]


def still(seconds: float, used: Counter[str] | None = None) -> Sample:
    """A sample whose executor runs for ``seconds`` and whose client is told as it ends."""
    return Sample(0.1, 0.2, 0.2 + seconds, 0.05, seconds, (), used or Counter())


def test_the_same_seed_gives_the_same_answers_and_another_one_others() -> None:
    answers = [model(Scenario(seed=seed), 10, 10, ASSUMED) for seed in (1, 1, 2)]
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


def test_an_order_takes_the_round_trips_of_the_design() -> None:
    """Accept one, execute four and one for who was told; the rest is the paper cluster's."""
    quiet = sample(Scenario("none", watchers=0), ASSUMED, 0)
    watched = sample(Scenario("none", watchers=1), ASSUMED, 0)
    of_cluster = {"send to the paper cluster", "waiting for the chain"}
    stored = [s.name for s in quiet.spans if s.name.startswith(("store", "claim"))]
    cluster = [s.name for s in quiet.spans if s.name in of_cluster]
    assert stored == [
        "store the order",
        "claim the order",
        "store building",
        "store submitted",
        "store confirmed",
    ]
    assert quiet.used["roundTrips"] == len(stored) + len(cluster)
    assert watched.used["roundTrips"] == quiet.used["roundTrips"] + 1


def test_pushes_stand_beside_the_execution_but_for_the_last() -> None:
    one, many = (sample(Scenario(watchers=count), ASSUMED, 3) for count in (1, 50))
    assert many.used["frames"] == 50 * one.used["frames"] == 300
    assert [span.name for span in many.spans].count("push the last frame") == 1
    assert many.notified_s < one.notified_s + 0.5


def test_the_critical_path_is_the_whole_way_without_gaps() -> None:
    for one in samples(Scenario()):
        assert sum(span.seconds for span in one.spans) == pytest.approx(one.notified_s)
        for before, after in zip(one.spans, one.spans[1:], strict=False):
            assert after.starts == pytest.approx(before.ends)
        assert one.answered_s < one.started_s < one.notified_s


def test_simulated_latencies_are_what_separates_the_scenarios() -> None:
    none, default = (samples(Scenario(latency))[0] for latency in ("none", "default"))
    assert 0.18 + 0.25 < default.notified_s - none.notified_s < 0.22 + 0.3 + 0.2
    assert QUEUED in {span.name for span in none.spans}


def test_what_runs_beside_takes_no_time_until_it_is_waited_for() -> None:
    timeline = Timeline()
    beside = Beside(timeline, "beside")
    slow, quick = (beside.submit(timeline.sleep, seconds) for seconds in (2.0, 0.5))
    wait([slow, quick], 0)
    assert timeline.seconds == 0
    assert quick.exception() is None
    assert timeline.seconds == 0.5
    slow.exception()
    quick.exception()
    assert timeline.seconds == beside.last_end == 2.0
    assert [span.name for span in timeline.spans] == ["beside", "beside"]


def test_an_error_beside_is_kept_for_who_asks() -> None:
    future = Beside(Timeline(), "beside").submit(int, "no number")
    assert isinstance(future.exception(), ValueError)


def test_latencies_have_the_median_and_the_tail_they_are_given() -> None:
    latency, rng = Latency(p50_ms=10, p99_ms=50, basis="", source=""), random.Random(1)
    drawn = sorted(draw(latency, rng) for _ in range(20_000))
    assert drawn[10_000] == pytest.approx(0.010, rel=0.03)
    assert drawn[19_800] == pytest.approx(0.050, rel=0.08)


def test_capacity_is_executors_over_their_time() -> None:
    found = capacity([still(0.5)], concurrency=10, seed=1)
    assert found.orders_per_second == pytest.approx(20)
    assert found.p50_s >= 0.7
    assert found.p99_s > found.p50_s
    assert capacity([still(0.5)], concurrency=100, seed=1).p99_s < found.p99_s


def test_a_bill_is_units_times_prices() -> None:
    used = Counter(httpRequests=1, lambdaRequests=2, sqsRequests=3, frames=6, frameBytes=6_000)
    bill = costs.usd_of_a_million([still(1.0, used)], 0, STACK, ASSUMED)
    assert bill["API Gateway HTTP"] == pytest.approx(1.00)
    assert bill["SQS"] == pytest.approx(1.20)
    assert bill["API Gateway WebSocket"] == pytest.approx(6.00)
    seconds = 0.05 * 0.5 + 1.0 * 0.5
    assert bill["Lambda"] == pytest.approx(0.40 + seconds * 1e6 * 0.0000133334)


def test_the_first_limit_is_ours_until_it_is_raised() -> None:
    found = samples(Scenario())
    assert costs.limits(found, 10, ASSUMED)[0].name == "MaxConcurrency"
    raised = costs.limits(found, 1000, ASSUMED)
    assert raised[0].name != "MaxConcurrency"
    rates = [limit.orders_per_second for limit in raised]
    assert rates == sorted(rates)
    assert costs.minutes_to_grow(305, ASSUMED) == 1
    assert costs.minutes_to_grow(2, ASSUMED) == 0


def test_the_limit_of_the_api_is_the_template() -> None:
    parameters = cast("dict[str, dict[str, object]]", template.load(PROJECT / "template.yaml")["Parameters"])
    assert ASSUMED.quotas["apiRate"].limit == parameters["ApiRateLimit"]["Default"]


def test_every_assumption_names_its_basis_and_source() -> None:
    every = [
        *ASSUMED.latencies.values(),
        *ASSUMED.functions.values(),
        *ASSUMED.prices.values(),
        *ASSUMED.usage.values(),
        *ASSUMED.metering.values(),
        *ASSUMED.quotas.values(),
        ASSUMED.cold_start_rate,
    ]
    known = {"published", "estimate", "measured by others", "measured here", "our choice"}
    assert {one.basis for one in every} <= known
    assert all(len(one.source) > 10 for one in every)


def test_the_tables_say_what_the_document_says() -> None:
    document = model(Scenario(), 10, 10, ASSUMED)
    found = {title: rows for title, _, rows in tables(document)}
    assert len(found) == 6
    assert found["US dollars for a million orders, without storage"][-1] == (
        "together",
        f"{document['usdPerMillionOrdersTotal']:.2f}",
    )
    assert table(("a",), [("b",)]) == "| a |\n| --- |\n| b |"
