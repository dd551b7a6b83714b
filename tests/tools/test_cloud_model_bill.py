"""The cloud model's bill: what AWS meters, read from the template and from what the use cases write."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.lab.model.assumptions import assumptions
from infra.lab.model.bill import Month, idle_units, stored_gib, units_of_a_month
from infra.lab.model.costs import usd
from infra.lab.model.metering import SMALL, Meter, width
from infra.lab.model.run import Sample, Scenario, cold_cpu_s, mean_used, sample
from infra.lab.model.stack import Stack, stack
from infra.local.home import PROJECT

ASSUMED = assumptions()
STACK = stack()
TEMPLATE = (PROJECT / "template.yaml").read_text()


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [sample(Scenario(), ASSUMED, number) for number in range(30)]


def changed(tmp_path: Path, old: str, new: str) -> Stack:
    """Return what a template is paid for that differs from ours in one place."""
    assert old in TEMPLATE
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE.replace(old, new, 1))
    return stack(path)


def test_documented_examples_of_metering() -> None:
    """The three of the User Guide: a point lookup, an insert, and an insert of a hundred rows."""
    meter = Meter(ASSUMED)
    assert meter.dpu((), 500) == pytest.approx(0.00675, abs=0.00001)
    assert meter.dpu([100]) == pytest.approx(0.06175, abs=0.00001)
    assert meter.dpu([100] * 100) - 0.008 + 0.08 == pytest.approx(0.70875, abs=0.0001)


def test_a_row_is_as_wide_as_its_columns() -> None:
    assert width("four", None, b"123", 7) == 4 + 3 + 8
    assert Meter(ASSUMED).stored([SMALL, 200]) == 128 + 200
    with pytest.raises(TypeError):
        width(1.5)


def test_an_order_is_metered_by_what_it_writes(samples: list[Sample]) -> None:
    """Five transactions of the engine that write and four that read, who was told, and the ledger's."""
    used = mean_used(samples)
    assert used["transactions"] == pytest.approx(5 + 4 + 1 + 1 + used["looks"])
    assert 1 <= used["looks"] < 2, "a look each 50 ms were six"
    assert 0.5 < used["microDpu"] / 1e6 < 2
    assert 3_000 < used["storedBytes"] < 12_000


def test_what_the_template_makes_is_what_is_paid_for(tmp_path: Path) -> None:
    assert STACK.alarm_metrics == TEMPLATE.count("Type: AWS::CloudWatch::Alarm") + (
        TEMPLATE.count("MetricStat:") - TEMPLATE.count("\n      Metrics:")
    )
    assert (STACK.dashboards, STACK.polled_queues) == (1, 3)
    assert (STACK.sweeps_an_hour, STACK.watches_an_hour) == (60, 60)
    rarer = changed(tmp_path, "rate(1 minute)", "rate(5 minutes)")
    assert (rarer.sweeps_an_hour, rarer.watches_an_hour) == (12, 60)


@pytest.mark.parametrize(
    ("old", "new", "field", "added"),
    [
        ("  Dashboard:\n    Type: AWS::CloudWatch", "  D:\n    Type: Other::CloudWatch", "dashboards", -1),
        ("    Default: 90\n    MinValue: 0", "    Default: 7\n    MinValue: 0", "retention_days", -83),
        ("MetricName: OrdersNotifiedLate", "MetricName: Other", "custom_metrics", 1),
        ('"PushFailures", "service"', '"Other", "service"', "custom_metrics", 0),
    ],
)
def test_another_template_is_another_bill(tmp_path: Path, old: str, new: str, field: str, added: int) -> None:
    other = changed(tmp_path, old, new)
    assert getattr(other, field) - getattr(STACK, field) == added


def test_an_alarm_of_metric_math_costs_by_its_metrics(tmp_path: Path) -> None:
    math = """  MathAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - {Id: sum, Expression: a + b}
        - Id: a
          MetricStat:
            Metric: {Namespace: AWS/SQS, MetricName: One, Dimensions: [{Name: QueueName, Value: a}]}
        - Id: b
          MetricStat:
            Metric: {Namespace: AWS/SQS, MetricName: Two, Dimensions: [{Name: QueueName, Value: a}]}

  Dashboard:
    Type: AWS::CloudWatch::Dashboard"""
    other = changed(tmp_path, "  Dashboard:\n    Type: AWS::CloudWatch::Dashboard", math)
    assert other.alarm_metrics == STACK.alarm_metrics + 2
    assert other.custom_metrics == STACK.custom_metrics


def test_a_month_without_orders_is_polling_sweeping_and_watching() -> None:
    units = idle_units(STACK, ASSUMED)
    assert units["sqsRequest"] == pytest.approx(3 * 5 * 3 * 60 * 730 + 60 * 730)
    assert units["schedule"] == units["lambdaRequest"] == 2 * 60 * 730
    assert "customMetric" not in units
    bill = usd(units_of_a_month([], 0, Month(0), STACK, ASSUMED), ASSUMED)
    assert bill["SQS"] == pytest.approx(0.81, abs=0.01)
    assert bill["CloudWatch alarms"] == pytest.approx(0.1 * STACK.alarm_metrics)


def test_the_targets_that_the_decision_names(samples: list[Sample]) -> None:
    """1.50 without orders and 300 with ten million, alone in its account; what is missed is in ADR 22."""
    idle, busy = (units_of_a_month(samples, 1, Month(count), STACK, ASSUMED) for count in (0, 10_000_000))
    assert sum(usd(idle, ASSUMED, is_alone=True).values()) <= 1.5
    assert sum(usd(busy, ASSUMED).values()) <= 300


def test_what_an_account_has_for_nothing_is_never_more_than_was_used(samples: list[Sample]) -> None:
    units = units_of_a_month(samples, 1, Month(1_000), STACK, ASSUMED)
    listed, alone = usd(units, ASSUMED), usd(units, ASSUMED, is_alone=True)
    assert all(0 <= cost <= listed[service] + 1e-9 for service, cost in alone.items())
    assert "CloudWatch dashboards" not in alone


def test_orders_go_with_the_retention_and_the_ledger_stays(samples: list[Sample]) -> None:
    first, third, last = (stored_gib(samples, Month(1_000_000, number), STACK) for number in (1, 3, 24))
    assert third.orders == pytest.approx(5 * first.orders)
    assert last.orders == pytest.approx(90 / (365 / 12) / 0.5 * first.orders)
    assert last.ledger == pytest.approx(47 * first.ledger)
    for_ever = STACK._replace(retention_days=0)
    assert stored_gib(samples, Month(1_000_000, 24), for_ever).orders == pytest.approx(47 * first.orders)


def test_a_cold_start_imports_with_a_whole_processor_and_serves_with_a_share() -> None:
    function = ASSUMED.functions["execute"]
    whole, third = (cold_cpu_s(function, share) * 1000 for share in (1.0, 1 / 3))
    assert whole == pytest.approx(function.import_cpu_ms + function.first_cpu_ms)
    assert third - whole == pytest.approx(2 * function.first_cpu_ms)
