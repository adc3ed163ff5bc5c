# Regions on the part's three dies (SLR). PCIe's lanes are on SLR0; what serves them stays there.
#
#   SLR0  bridge, shell, Poseidon engine, point streams, first slot memory
#   SLR1  the adder's twelve multipliers, second slot memory
#   SLR2  free
#
# The adder's sums are left to the placer. Nets that cross, and where their registers are: README.md, "Placement and crossings".

create_pblock slr0
resize_pblock [get_pblocks slr0] -add {SLR0}
add_cells_to_pblock [get_pblocks slr0] [get_cells {pcie}]
add_cells_to_pblock [get_pblocks slr0] [get_cells {width}]
add_cells_to_pblock [get_pblocks slr0] [get_cells {protocol}]
add_cells_to_pblock [get_pblocks slr0] [get_cells {card/shell}]
add_cells_to_pblock [get_pblocks slr0] [get_cells {card/poseidon}]
add_cells_to_pblock [get_pblocks slr0] [get_cells {card/msm/core}]

create_pblock slr1
resize_pblock [get_pblocks slr1] -add {SLR1}
add_cells_to_pblock [get_pblocks slr1] [get_cells {card/msm/adder/products$*}]
add_cells_to_pblock [get_pblocks slr1] [get_cells {card/msm/adder/terms$*}]
add_cells_to_pblock [get_pblocks slr1] [get_cells {card/msm/core/slots/second/memory}]

# A multiplier's operands and results are registers: those made for the crossing.
set_property USER_SLL_REG TRUE [get_cells {card/msm/adder/products$*/operand_*_reg[*]}]
set_property USER_SLL_REG TRUE [get_cells {card/msm/adder/products$*/result_*_reg[*]}]
set_property USER_SLL_REG TRUE [get_cells {card/msm/adder/terms$*/operand_*_reg[*]}]
set_property USER_SLL_REG TRUE [get_cells {card/msm/adder/terms$*/result_*_reg[*]}]
