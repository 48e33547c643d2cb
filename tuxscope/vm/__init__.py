"""An interpreter for BPF programs in pure Python: deterministic, without kernel or privilege."""

from tuxscope.vm.faults import Fault
from tuxscope.vm.machine import Machine
from tuxscope.vm.state import Printed, Sent, State, Step
from tuxscope.vm.world import World

__all__ = ["Fault", "Machine", "Printed", "Sent", "State", "Step", "World"]
