"""Where pages written for tuxscope 0.1 import these names from; now from ``tuxscope``."""

from tuxscope.page.pid_namespace import PidNamespace, namespaced_pid

__all__ = ["PidNamespace", "namespaced_pid"]
