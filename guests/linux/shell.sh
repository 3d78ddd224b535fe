# SPDX-License-Identifier: GPL-2.0-only
# A shell on the serial port for whoever sits at the VM's console; leaving it ends the VM.
say "a shell: 'exit' powers off"
setsid sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1'
pass "the shell was left"
