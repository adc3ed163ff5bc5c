#!/bin/busybox sh
# Gives the simulated card to vfio-pci and runs the conformance suite against it. The host reads the last line.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in 0 1 2 3 4; do
    insmod "/modules/$module.ko" || echo "module $module does not load"
done
# Large buffers in few mappings.
echo 64 > /proc/sys/vm/nr_hugepages

for device in /sys/bus/pci/devices/*; do
    [ "$(cat "$device/vendor")" = "$(cat /proc/cmdline | tr ' ' '\n' | sed -n 's/^penstock.vendor=//p')" ] || continue
    address="${device##*/}"
    echo vfio-pci > "$device/driver_override"
    echo "$address" > /sys/bus/pci/drivers_probe
done
if [ -z "$address" ]; then
    echo "no card on the bus"
fi
grep -q penstock.slow /proc/cmdline && export PENSTOCK_CARD_SLOW=1
PENSTOCK_CARD="vfio:$address" /bin/conformance named --test-threads 1
echo "conformance: exit code $?"
poweroff -f
