# SPDX-License-Identifier: GPL-2.0-only
# System tests: pytest boots real images through the runner and asserts on what they report.
K ?=
PYTEST_ARGS ?=

.PHONY: test test-system
# One after the other, so that each runner's summary stands by itself; both run even if one fails.
test:
	@+status=0; $(MAKE) test-unit || status=1; $(MAKE) test-system || status=1; exit $$status

test-system:
	@$(SETUP) build run test bochs
	@+$(MAKE) hypervisor guests uefi
	@tests/target/build-target.sh
	@BUILD="$(BUILD)" $(PYTHON) -m pytest -p no:cacheprovider -q -ra tests/system \
		$(if $(K),-k "$(K)") $(PYTEST_ARGS)
