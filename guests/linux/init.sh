#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# First process of a stock Linux guest. 'test=NAME' on the kernel's command line, which the kernel
# hands over as an environment variable, says what to do; the result becomes the VM's exit status.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t tmpfs tmp /tmp
/bin/busybox --install -s /bin
export PATH=/bin

failures=0
. /tests/lib.sh
set_status 1	# whatever kills us from here on is no success
(sleep "${limit-150}" && say "no end after ${limit-150} s" && poweroff -f) &
say "Linux $(uname -r), $(nproc) CPUs, start $(($(restarts) + 1)), test ${test-none}"
if [ -f "/tests/${test-none}.sh" ]; then
	. "/tests/$test.sh"
else
	fail "test=${test-none}: no such test"
fi
[ "$failures" -ne 0 ] || set_status 0
say "finished with $failures failures"
sleep 0.2	# the serial port sends what is left
poweroff -f
