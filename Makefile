# make hello   stream real write() events for some seconds (ARGS='--pid 1842' instead of that)
# make test    lint, types and all tests
# make fuzz    a million random words (WORDS=10000 SEED=7), a million spans of corrupted rings,
#              and as many corrupted ring buffers (SPANS=10000 SEED=7), and 100,000 random programs in
#              the kernel
#              and in the interpreter (ROUNDS=2, of 2,000 each), and 9,000 that the kernel accepts,
#              of which the checks may not complain (ALARMS=300: 450 of them; SEED=7 as well),
#              and 2,200 rejected programs at both log levels (LEVELS=300)
# make mutants put typical bugs into the interpreter, one at a time: does a test notice?
# make docs    write docs/isa.md again, from the table of instructions, and docs/verifier.md, from the
#              gallery in tuxscope/learn/content/gallery
# make digests write tuxscope/page/digests.py again, by which an unedited page is known
# make face    write tuxscope/__init__.pyi again, from the names in tuxscope/__init__.py
# make helpers write the table of helpers again (HEADER=.../linux/bpf.h, of Linux 6.2 or newer);
#              make helper-answers asks this kernel who may call them, see tools/helper_answers.py
# make syscalls write the table of system call numbers again, from the PyPI package system-calls
# make kernels boot other kernels and test there (KERNEL="6.12 arm64", TESTS="-k hello"; RECORD=1)
# make pythons run the tests that touch no kernel on Python 3.13 and 3.14, each in its own Debian
#              (VERSION=3.13, TESTS="-k hello")
# make bench   measure tuxscope beside bpftrace and a C program on libbpf, in less than ten minutes
#              (QUICK=1: only check that it works; RECORD=1: write docs/performance.md)
# make bench-net measure what tuxscope net costs, beside bpftrace, in two minutes (QUICK=1: only
#              check that it works; RECORD=1: write it into docs/tools/net.md)
# make install put tuxscope where sudo finds it (PREFIX=/usr/local); make uninstall removes it

PYTHON ?= python3
PREFIX ?= /usr/local
VENV := .venv
ARGS ?= --duration 5
WORDS ?= 1000000
SPANS ?= 1000000
SEED ?= 7
ROUNDS ?= 50
ALARMS ?= 6000
LEVELS ?= 2000
HEADER ?= /usr/include/linux/bpf.h
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: hello test fuzz mutants docs digests face helpers helper-answers syscalls kernels pythons bench \
	bench-net clean-kernels clean-pythons install uninstall clean

$(VENV)/run: pyproject.toml
	@$(PYTHON) -B tools/install.py venv $(VENV) --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run
	@$(PYTHON) -B tools/install.py venv $(VENV) --editable '.[dev]'
	@touch $@

# The checkout belongs to you: -B keeps root from writing bytecode into it. The loop sees to it
# that there is something to see on a quiet machine.
hello: $(VENV)/run
	@(for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo; sleep 0.5; done >/dev/null) & loop=$$!; \
	$(SUDO) $(VENV)/bin/python -B -m tuxscope hello $(ARGS); status=$$?; \
	kill $$loop 2>/dev/null; exit $$status

test: $(VENV)/dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m pytest --numprocesses 3 --dist loadgroup

fuzz: $(VENV)/dev
	cd tests && ../$(VENV)/bin/python -m asm.fuzz_words $(WORDS) $(SEED)
	cd tests && ../$(VENV)/bin/python -m loader.fuzz_rings $(SPANS) $(SEED)
	cd tests && ../$(VENV)/bin/python -m loader.fuzz_ringbufs $(SPANS) $(SEED)
	TUXSCOPE_REQUIRE_KERNEL=1 TUXSCOPE_FUZZ_ROUNDS=$(ROUNDS) TUXSCOPE_FUZZ_ALARMS=$(ALARMS) \
		TUXSCOPE_FUZZ_LEVELS=$(LEVELS) TUXSCOPE_FUZZ_SEED=$(SEED) \
		$(VENV)/bin/python -m pytest --timeout 0 tests/vm/test_kernel.py tests/checks/test_alarms.py \
		tests/explain/test_levels.py

mutants: $(VENV)/dev
	$(VENV)/bin/python tests/vm/mutants.py

docs: $(VENV)/run
	$(VENV)/bin/python docs/isa_page.py > docs/isa.md
	$(VENV)/bin/python docs/verifier_page.py > docs/verifier.md

digests:
	$(PYTHON) tools/page_digests.py

face:
	$(PYTHON) tools/face_stub.py

helpers:
	$(PYTHON) tools/helper_table.py $(HEADER)

syscalls: $(VENV)/run
	$(VENV)/bin/python -m pip install --quiet system-calls
	$(VENV)/bin/python tools/syscall_numbers.py

helper-answers: $(VENV)/run
	@$(SUDO) $(VENV)/bin/python -B tools/helper_answers.py

kernels: $(VENV)/dev
	cd tests && ../$(VENV)/bin/python -m kernels $(KERNEL) $(if $(RECORD),--record) -- $(TESTS)

pythons: $(VENV)/dev
	cd tests && ../$(VENV)/bin/python -m pythons $(VERSION) -- $(TESTS)

# Only what loads programs is root's.
bench:
	cd bench && $(PYTHON) -B -m peers build
	cd bench && $(SUDO) ../.bench/venv/bin/python -B -m peers measure $(if $(QUICK),--quick) > results.json
	cd bench && $(PYTHON) -B -m peers report results.json $(if $(RECORD),--record)

bench-net:
	cd bench && $(PYTHON) -B -m peers build
	cd bench && $(SUDO) ../.bench/venv/bin/python -B -m connections measure \
		$(if $(QUICK),--quick) > results-net.json
	cd bench && $(PYTHON) -B -m connections report results-net.json $(if $(RECORD),--record)

clean-kernels:
	rm -rf "$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tuxscope-kernels"

clean-pythons:
	rm -rf "$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tuxscope-pythons"

# The directory may have any name, so the shell gets it as a variable.
install uninstall: export PREFIX := $(PREFIX)
install uninstall:
	@$(SUDO) $(PYTHON) -B tools/install.py $@ "$$PREFIX"

clean:
	rm -rf $(VENV) .bench .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
