"""The gallery of what the verifier refuses: docs/verifier.md, its tests, and repair exercises."""
