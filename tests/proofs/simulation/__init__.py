"""The whole engine in one process: functions, queue, clients, and faults at every call of a port."""
