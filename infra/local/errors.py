"""Errors of the local deployment; each message says what to do next."""

from __future__ import annotations


class LocalError(Exception):
    """Base of the errors that the command line shows as they are, without a traceback."""


class StartFailed(LocalError):
    """A process ended or stayed silent instead of becoming ready."""


class DeployFailed(LocalError):
    """CloudFormation refused the template, or what it made is not what the template says."""


class NotRunning(LocalError):
    """There is no local deployment under this home directory."""


class GaveUp(NotRunning):
    """A process died too often and is not restarted any more."""


class Busy(LocalError):
    """Another command starts or stops the same deployment at this moment."""


class AlreadyRunning(LocalError):
    """A local deployment with other parameters runs under this home directory."""
