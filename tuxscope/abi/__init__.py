"""System calls as the kernel's interface has them: numbers and names by ABI, and the registers."""
