# enroll: device registration for MicroPython. `make help` lists what can be made.
PYTHON ?= python3
RUN := .venv/bin/python
export PYTHON
ifdef RUNTIMES
export RUNTIMES
endif

.DEFAULT_GOAL := help
.PHONY: help demo test torture test-qemu lint sandbox which-micropython dist romfs firmware provision size bench coverage lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/ready ## register with all four services in the sandbox, twice, and show every step
	@$(RUN) tools/demo.py

test: .venv/ready ## run every test, on CPython and the MicroPythons that boards have; RUNTIMES=all, TESTS=path
	@$(RUN) -m runtimes --needed
	@$(RUN) -m pytest -q --numprocesses auto --dist loadfile --no-loadscope-reorder $(TESTS)

torture: export PYTHONPATH := lib:host_tests:host_tests/pure
torture: .venv/ready ## break everything that can break, one by one, and count what was lost; CLASSES="power heap" for some
	@$(RUN) -m torture $(CLASSES)

test-qemu: export PYTHONPATH := lib:host_tests:host_tests/pure
test-qemu: .venv/ready ## run it on an emulated Cortex-M3 (QEMU); fetches a cross compiler, 110 MB, if there is none
	@$(RUN) -m qemu $(ARGS)

lint: .venv/ready ## check style, spelling, types and the direction of imports
	@$(RUN) tools/lint.py

sandbox: .venv/ready ## run the four services locally until Ctrl-C
	@$(RUN) -m sandbox serve

which-micropython: .venv/ready ## print the path of a MicroPython, fetched if need be; NAME=chip for a certain one
	@$(RUN) -m runtimes $(NAME)

dist: .venv/ready ## write the packages for mip into dist/, all and one a provider, as .py and as .mpy
	@$(RUN) tools/packages.py dist

romfs: .venv/ready ## write enroll.romfs, an image whose bytecode runs in place; PROVIDER=xyte for one service
	@$(RUN) tools/packages.py romfs $(if $(PROVIDER),--provider $(PROVIDER))

firmware: .venv/ready ## build MicroPython with enroll in it: BOARD=RPI_PICO_W MICROPYTHON_DIR=/path
	@$(RUN) tools/firmware.py $(BOARD) --micropython "$(MICROPYTHON_DIR)"

provision: .venv/ready ## put enroll on a board and register it: ARGS="one enroll.json", ARGS=--help
	@$(RUN) -m provision $(ARGS)

size: .venv/ready ## show what the library costs: flash bytes, and the smallest heaps
	@$(RUN) tools/size.py

bench: .venv/ready ## time first and second boots
	@$(RUN) tools/bench.py

coverage: .venv/ready ## show the lines of lib/enroll that the tests do not reach under CPython
	@$(RUN) -m coverage run -m pytest -q -k cpython host_tests/pure host_tests/test_properties.py
	@$(RUN) -m coverage report

lock: .venv/ready ## pin the host tools anew, from requirements.in into requirements.txt
	@tools/lock.sh --upgrade

clean: ## remove what was fetched and made
	rm -rf .venv .cache dist enroll.romfs

.venv/ready: requirements.txt tools/venv.sh
	@tools/venv.sh
