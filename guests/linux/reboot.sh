# SPDX-License-Identifier: GPL-2.0-only
# Restart twice by ACPI's reset register, then end well.
if [ "$(restarts)" -lt "${times-2}" ]; then
	say "rebooting"
	sleep 0.2
	reboot -f
fi
check "it was started $((${times-2} + 1)) times" [ "$(restarts)" = "${times-2}" ]
