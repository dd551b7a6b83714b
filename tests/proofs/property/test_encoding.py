"""Whatever an order keeps of a decision, a fill or a failure, the store gives it back."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from dexec.adapters.postgres import encoding
from dexec.api.orders import detail_view
from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Accepted, Detail, Filled, Signed
from dexec.domain.quote import Mode, RouteRequest, VenueFailure
from dexec.domain.recorded import (
    RecordedAlternative,
    RecordedCosts,
    RecordedFill,
    RecordedLeg,
    RecordedQuote,
    RecordedRoute,
)
from dexec.domain.tokens import TOKENS

words = st.text(max_size=12)
tokens = st.sampled_from([*TOKENS, "a token that is not in the table"])
units = st.integers(0, MAX_BASE_UNITS)
counts = st.integers(0, 10**9)
digits, exponents = st.integers(-(10**18), 10**18), st.integers(-20, 6)
figures = st.builds(lambda number, exponent: Decimal(number).scaleb(exponent), digits, exponents)
costs = st.integers(-(10**25), 10**25)
known = st.sampled_from([*TOKENS])
bps, seconds = st.integers(0, 10_000), st.integers(1, 86_400)
requests = st.builds(
    RouteRequest, st.sampled_from(Mode), known, known, units, bps, st.none() | units, st.none() | seconds
)
legs = st.builds(
    RecordedLeg,
    words, words, st.integers(1, 2), tokens, tokens, counts, units, units, figures, figures, units, units,
    units, counts,
)  # fmt: skip
quotes = st.builds(
    RecordedQuote, words, words, figures, figures, figures, figures, counts, counts, units, units, counts
)
alternatives = st.builds(RecordedAlternative, words, units, units, figures)
some_legs = st.lists(legs, min_size=1, max_size=3).map(tuple)
routes = st.builds(
    RecordedRoute,
    mode=st.sampled_from(Mode),
    token_in=tokens,
    token_out=tokens,
    amount_in=units,
    amount_out=units,
    limit=units,
    reason=words,
    legs=some_legs,
    quotes=st.lists(quotes, max_size=2).map(tuple),
    alternatives=st.lists(alternatives, max_size=2).map(tuple),
    costs=st.builds(RecordedCosts, tokens, costs, costs, costs, costs),
    bound=units,
    gap_bps=figures,
    skipped=st.lists(st.builds(VenueFailure, words, words), max_size=2).map(tuple),
    slot=counts,
)


def fill(legs: tuple[RecordedLeg, ...], amounts: tuple[int, int], price: Decimal, slot: int) -> RecordedFill:
    """Return a fill; its legs say which tokens it is of."""
    return RecordedFill(legs[0].token_in, legs[-1].token_out, *amounts, price, legs, slot)


fills = st.builds(fill, some_legs, st.tuples(units, units), figures, counts)
failures = st.builds(Failure, words, words, st.none() | counts)
details: st.SearchStrategy[tuple[Status, Step | None, Detail]] = st.one_of(
    st.tuples(st.just(Status.PENDING), st.none(), st.builds(Accepted, st.none() | words, requests)),
    st.tuples(st.just(Status.ROUTING), st.just(Step.QUOTES), routes),
    st.tuples(st.just(Status.SUBMITTED), st.none(), st.builds(Signed, words)),
    st.tuples(st.just(Status.CONFIRMED), st.none(), st.builds(Filled, words, fills)),
    st.tuples(st.sampled_from((Status.ROUTING, Status.FAILED)), st.none(), failures),
    st.tuples(st.sampled_from(Status), st.none(), st.none()),
)


@given(details)
def test_what_an_event_says_survives_the_store(event: tuple[Status, Step | None, Detail]) -> None:
    status, step, detail = event
    again = encoding.load_detail(status, step, encoding.dump_detail(detail))
    assert again == detail
    assert detail_view(again) == detail_view(detail)


@given(fills, failures, requests)
def test_columns_survive_the_store(done: RecordedFill, failed: Failure, asked: RouteRequest) -> None:
    assert encoding.load_fill(encoding.dump_fill(done)) == done
    assert encoding.load_failure(encoding.dump_failure(failed)) == failed
    assert encoding.load_request(encoding.dump_request(asked)) == asked
