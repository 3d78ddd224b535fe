# SPDX-License-Identifier: GPL-2.0-only
# All vCPUs run, reach each other by IPI, and keep the same time.
total() { grep "^ *$1:" /proc/interrupts | tr -s ' ' '\n' | grep -c '^[1-9][0-9]*$'; }

# Work on every CPU at once; each says which one it was.
everywhere() {
	for cpu in $(seq 0 $(($(nproc) - 1))); do
		taskset -c "$cpu" sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; echo done' &
	done | grep -c done
}

# A CPU that goes and comes back has seen INIT and start-up IPI a second time.
cycle() {
	echo 0 >/sys/devices/system/cpu/cpu1/online && echo 1 >/sys/devices/system/cpu/cpu1/online &&
		[ "$(nproc)" = "${cpus-2}" ]
}

check "all CPUs are up" [ "$(nproc)" = "${cpus-2}" ]
check "each CPU does its part" [ "$(everywhere)" = "${cpus-2}" ]
check "time is kept by the TSC" grep -q '^tsc$' /sys/devices/system/clocksource/clocksource0/current_clocksource
check "a CPU can be taken out and brought back" cycle
check "each CPU does its part after that" [ "$(everywhere)" = "${cpus-2}" ]
grep -E 'CPU|LOC|RES|CAL|TLB' /proc/interrupts
check "timers fire on every CPU" [ "$(total LOC)" -ge "${cpus-2}" ]
check "function call IPIs arrived" [ "$(total CAL)" -ge 1 ]
