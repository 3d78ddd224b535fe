# SPDX-License-Identifier: GPL-2.0-only
# Static checks: each is a script of its own in tools/check/ and can be run alone.
.PHONY: check
check:
	@$(SETUP) build check
	@tools/check/all.sh
