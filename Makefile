# enroll: device registration for MicroPython. `make help` lists what can be made.
PYTHON ?= python3
RUN := .venv/bin/python
export PYTHON
unexport PYTHONDONTWRITEBYTECODE # each process of a test run would compile all tests, which takes 8 s
ifdef RUNTIMES
export RUNTIMES
endif
# A shell may have set these for something else: they count only after `make`.
$(foreach it,NAME PORT,$(if $(filter environment,$(origin $(it))),$(eval $(it) :=)))

.DEFAULT_GOAL := help
.PHONY: help setup demo picture screenshots diagrams test torture test-oracles test-console test-qemu test-board evidence lint docs sandbox which-micropython dist release romfs firmware provision board size bench profile bench-sandbox load storm coverage mutants new-service lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/ready ## install the host tools into .venv, once
	@:

demo: .venv/ready ## register with each service, twice, and show each step
	@$(RUN) tools/demo.py

picture: .venv/ready ## write docs/demo.svg, a picture of make demo
	@$(RUN) tools/picture.py

screenshots: .venv/ready ## write docs/pictures/*.png of the console, in Chromium
	@tools/browser.sh && $(RUN) tools/screenshots.py

diagrams: .venv/ready ## write docs/diagrams/*.svg, the states from journal.py
	@$(RUN) tools/diagrams.py

test: .venv/ready ## run every test; RUNTIMES=all, TESTS=path/to/some
	@$(RUN) -m runtimes --needed
	@$(RUN) -m pytest -q --numprocesses auto --dist loadfile --no-loadscope-reorder $(TESTS)

torture: export PYTHONPATH := lib:host_tests:host_tests/fakes
torture: .venv/ready ## break what can break; CLASSES="power" ARGS=--write
	@$(RUN) -m torture $(CLASSES) $(ARGS)

test-oracles: .venv/ready ## compare with clients and servers that are not ours
	@tools/oracles.sh
	@ORACLES=1 $(RUN) -m pytest -q -rs host_tests/oracles

test-console: .venv/ready ## use the sandbox's console in a browser; needs Chromium
	@status=0; tools/browser.sh || status=$$?; \
	case "$$status $(BROWSER)" in \
	    "0 "*) CONSOLE=1 $(RUN) -m pytest -q -rs --numprocesses auto $(or $(TESTS),host_tests/browser) ;; \
	    "69 ") ;; \
	    *) exit $$status ;; \
	esac

test-qemu: export PYTHONPATH := lib:host_tests:host_tests/fakes
test-qemu: .venv/ready ## run on an emulated Cortex-M3; may fetch 110 MB
	@$(RUN) -m qemu $(ARGS)

test-board: export PYTHONPATH := lib:host_tests:host_tests/fakes
test-board: .venv/ready ## try it on a real board: PORT=/dev/ttyACM0 ARGS=--help
	@$(RUN) -m testboard $(if $(PORT),--port "$(PORT)") $(ARGS)

evidence: export PYTHONPATH := lib:host_tests:host_tests/fakes
evidence: .venv/ready ## write docs/boards.md's table from evidence/*.json
	@$(RUN) -m testboard.evidence

lint: .venv/ready ## check style, spelling, types, directions of imports
	@$(RUN) tools/lint.py

docs: .venv/docs ## make a site of README and docs/, all links checked
	@$(RUN) tools/docsite.py

sandbox: .venv/ready ## run all services locally until Ctrl-C
	@$(RUN) -m enroll_tools.sandbox serve

which-micropython: .venv/ready ## print the path of a MicroPython; NAME=chip for one
	@$(RUN) -m runtimes $(NAME)

dist: .venv/ready ## write packages for mip into dist/, as .py and as .mpy
	@$(RUN) tools/packages.py dist

release: .venv/ready ## make packages, images, wheel; install each to prove it
	@$(RUN) tools/release.py $(ARGS)

romfs: .venv/ready ## write enroll.romfs; PROVIDER=xyte for one service
	@$(RUN) tools/packages.py romfs $(if $(PROVIDER),--provider $(PROVIDER))

firmware: .venv/ready ## build firmware: BOARD=RPI_PICO_W MICROPYTHON_DIR=/path
	@$(RUN) tools/firmware.py $(BOARD) --micropython "$(MICROPYTHON_DIR)"

provision: .venv/ready ## put enroll on a board; ARGS="one enroll.json", --help
	@$(RUN) -m enroll_tools.provision $(ARGS)

board: .venv/ready ## run a board on a pty, with a sandbox, until Ctrl-C
	@$(RUN) -m enroll_tools.provision demo-board $(ARGS)

size: .venv/ready ## show flash and heap; ARGS=--write for docs/size.md
	@$(RUN) tools/size.py $(ARGS)

bench: .venv/figures ## measure beside others, into docs/; ARGS=--help
	@$(RUN) -m bench $(ARGS)

profile: .venv/figures ## show what bytes, heap and time go to, into docs
	@$(RUN) -m boot_profile $(ARGS)

bench-sandbox: export PYTHONPATH := tools:lib:host_tests
bench-sandbox: .venv/ready ## time the sandbox beside a bare handler, into docs
	@$(RUN) tools/bench_sandbox.py

load: export PYTHONPATH := tools:lib:host_tests
load: .venv/ready ## load-test a sandbox with Locust; ARGS="--devices 50"
	@$(RUN) -m load $(ARGS)

storm: export PYTHONPATH := tools:lib:host_tests
storm: .venv/figures ## let a million ask at once, and 300 devices for real
	@$(RUN) -m storm $(ARGS)
	@$(if $(ARGS),,$(RUN) -m crowd)

coverage: export RUNTIMES := newest # long tests too
coverage: .venv/ready ## show lines that no test reaches under CPython
	@$(RUN) -m coverage run -m pytest -q -k cpython host_tests/unit host_tests/scenarios host_tests/ports host_tests/test_properties.py
	@$(RUN) -m coverage report

mutants: .venv/ready ## show which small changes of the library no test sees
	@$(RUN) -m mutants $(ARGS)

new-service: .venv/ready ## begin a service of your own: NAME=acme
	@$(RUN) tools/new_service.py $(if $(NAME),"$(NAME)")

lock: .venv/ready ## pin the host tools again, requirements.in to .txt
	@tools/lock.sh --upgrade

clean: ## remove what was fetched and made
	rm -rf .venv .cache dist enroll.romfs

.venv/ready: requirements.txt tools/venv.sh
	@tools/venv.sh

.venv/docs: .venv/ready docs/requirements.txt
	@$(RUN) -m pip --disable-pip-version-check install --quiet --require-hashes --requirement docs/requirements.txt
	@touch $@

.venv/figures: .venv/ready tools/figures/requirements.txt
	@$(RUN) -m pip --disable-pip-version-check install --quiet --require-hashes --requirement tools/figures/requirements.txt
	@touch $@
