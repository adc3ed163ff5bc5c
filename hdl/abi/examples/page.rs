//! Prints the register page.

fn main() {
    print!("{}", penstock_abi::page::Page);
}
