"""The routes of webhooks: each translates a request, calls a use case and translates its answer."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from dexec.api import webhook_answers as answers
from dexec.api import webhooks as views
from dexec.api.fields import Cursor, Limit
from dexec.api.inputs import ReplayBody, WebhookBody
from dexec.bootstrap import container
from dexec.domain.webhooks import DeliveryState
from edge import answering, caller

router = APIGatewayHttpRouter()


@router.post("/api/hooks", status_code=201)
@answering
def create_webhook(body: WebhookBody) -> answers.WebhookCreated:
    """Have the events of orders placed from now on sent to an address.

    The answer holds the secret that deliveries are signed with (Standard Webhooks); it is shown this once.
    """
    made = container().manage_webhooks.create(caller(), body.url, body.events)
    return views.created(made)


@router.get("/api/hooks")
@answering
def list_webhooks() -> answers.WebhookList:
    """Return the caller's webhooks, and whether they work."""
    return views.webhook_list(container().manage_webhooks.of_client(caller().client_id))


@router.delete("/api/hooks/<hook_id>")
@answering
def delete_webhook(hook_id: str) -> answers.WebhookDeleted:
    """Delete a webhook: nothing is sent to it any more."""
    container().manage_webhooks.delete(hook_id, caller().client_id)
    return {"hookId": hook_id}


@router.get("/api/hooks/<hook_id>/deliveries")
@answering
def read_deliveries(
    hook_id: str,
    state: Annotated[DeliveryState | None, Query()] = None,
    limit: Annotated[Limit, Query()] = 20,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> answers.WebhookDeliveries:
    """Return a webhook's deliveries, latest order first, and what became of each."""
    page = container().manage_webhooks.deliveries(hook_id, caller().client_id, state, limit, cursor)
    return views.delivery_page(page.deliveries, page.next_cursor)


@router.post("/api/hooks/<hook_id>/replay", status_code=202)
@answering
def replay_deliveries(hook_id: str, body: ReplayBody) -> answers.WebhookReplayed:
    """Send one delivery again, or all that failed or wait for another try."""
    client_id = caller().client_id
    return {"replayed": container().manage_webhooks.replay(hook_id, client_id, body.delivery_id or None)}


@router.post("/api/hooks/<hook_id>/test", status_code=202)
@answering
def test_webhook(hook_id: str) -> answers.WebhookTested:
    """Send a test; a webhook that was disabled is enabled when its receiver acknowledges it."""
    return {"deliveryId": container().manage_webhooks.ping(hook_id, caller().client_id)}
