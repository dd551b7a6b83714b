"""The layer under the typed client: JSON documents as they are sent, over HTTP and one WebSocket.

It is for tools that pass documents on as they are, such as dexec's own command line. Retries, reconnects
and the order of events are here; types, handles and pagination by model are in ``dexec_client``.
"""
