# SPDX-License-Identifier: GPL-2.0-only
# Come up, look around, sleep a while, go.
check "the kernel runs under a hypervisor that it can name" grep -q hypervisor /proc/cpuinfo
check "time is kept by the TSC" grep -q '^tsc$' /sys/devices/system/clocksource/clocksource0/current_clocksource
check "all CPUs are there" [ "$(nproc)" = "${cpus-1}" ]
before=$(cut -d. -f1 /proc/uptime)
grep -E 'ttyS0|LOC' /proc/interrupts
sleep "${rest-2}"
grep -E 'ttyS0|LOC' /proc/interrupts
after=$(cut -d. -f1 /proc/uptime)
check "sleep takes its time" [ $((after - before)) -ge "${rest-2}" ]
dump_config
