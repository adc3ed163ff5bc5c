# From the card's Verilog to a bitstream for the Alveo U55C, in one run without a project:
#
#   cargo xtask bitstream alveo-u55c
#   vivado -mode batch -source bitstreams/alveo-u55c/build.tcl -tclargs target/bitstream/alveo-u55c
#
# The folder holds card_pipelined.v and card_pipelined.checksum, which the first command writes, and receives reports and
# the bitstream. Ends with 1 if a net is not routed or timing is not met; then there is no bitstream.
# Recipe, not built: see README.md.

set part xcu55c-fsvh2892-2L-e
set here [file dirname [file normalize [info script]]]
set folder [file normalize [lindex $argv 0]]
foreach needed {card_pipelined.v card_pipelined.checksum} {
    if {![file exists $folder/$needed]} {
        puts stderr "there is no $folder/$needed: run cargo xtask bitstream alveo-u55c first"
        exit 1
    }
}
set file [open $folder/card_pipelined.checksum]
set checksum [string trim [read $file]]
close $file

create_project -in_memory -part $part
set_property target_language Verilog [current_project]
source $here/pcie.tcl
read_verilog $folder/card_pipelined.v
read_verilog $here/alveo_u55c.v
read_xdc $here/pins.xdc
read_xdc $here/timing.xdc
read_xdc $here/placement.xdc
# Regions name cells of the synthesised design.
set_property USED_IN_SYNTHESIS false [get_files placement.xdc]

# The hierarchy stays as emitted, since regions are made of modules. Short delays stay registers, so that what leaves a
# region is one and not the end of a shift register in look-up tables.
synth_design -top alveo_u55c -part $part -flatten_hierarchy none -shreg_min_size 6 \
    -generic RTL_CHECKSUM=64'h$checksum
write_checkpoint -force $folder/synthesised.dcp
report_utilization -hierarchical -file $folder/synthesised-utilization.rpt

opt_design
place_design -directive SSI_SpreadLogic_high
phys_opt_design -directive AggressiveExplore
route_design -directive AggressiveExplore
phys_opt_design -directive AggressiveExplore
write_checkpoint -force $folder/routed.dcp

report_route_status -file $folder/route.rpt
report_timing_summary -delay_type min_max -report_unconstrained -max_paths 20 -file $folder/timing.rpt
report_clock_utilization -file $folder/clocks.rpt
report_utilization -hierarchical -file $folder/utilization.rpt
report_utilization -slr -file $folder/utilization-slr.rpt
report_methodology -file $folder/methodology.rpt
report_drc -file $folder/drc.rpt
report_power -file $folder/power.rpt

set failures {}
if {![report_route_status -boolean_check ROUTED_FULLY]} {
    lappend failures "nets are not routed"
}
foreach {delay_type what} {max setup min hold} {
    set slack [get_property SLACK [get_timing_paths -delay_type $delay_type -max_paths 1]]
    puts "$what slack: $slack ns"
    if {$slack < 0} {
        lappend failures "$what is missed by [expr {-$slack}] ns"
    }
}
if {[llength $failures] > 0} {
    puts stderr "no bitstream: [join $failures {; }]; see the reports in $folder"
    exit 1
}

write_bitstream -force $folder/alveo-u55c.bit
# Behind the board's own image, which stays as a fallback.
write_cfgmem -force -format mcs -size 128 -interface SPIx4 \
    -loadbit "up 0x01002000 $folder/alveo-u55c.bit" -file $folder/alveo-u55c.mcs
