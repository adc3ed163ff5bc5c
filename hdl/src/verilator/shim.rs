//! Loading a compiled design and running it: the only `unsafe` of this crate.
//!
//! What the C side promises (see `build::shim_source`): `penstock_new` returns an instance that owns all it uses,
//! `penstock_port` the address of a port's storage inside it, which neither moves nor goes away before
//! `penstock_delete`, of the size that the width implies.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char, c_ulong, c_void};
use std::path::Path;
use std::sync::Arc;

use super::build::shared_object;
use super::port::{Declaration, Port, declarations};
use super::{Options, VerilatorError};
use crate::emit::Design;
use crate::field::RING_CYCLES;

type Instance = *mut c_void;

/// A compiled design.
#[derive(Clone)]
pub struct Library {
    inner: Arc<Inner>,
}

struct Inner {
    top: String,
    ports: Vec<Declaration>,
    options: Options,
    /// Whether part of it runs on [`RING_CYCLES`] edges of `ring_clock` a cycle.
    has_rings: bool,
    create: unsafe extern "C" fn() -> Instance,
    delete: unsafe extern "C" fn(Instance),
    eval: unsafe extern "C" fn(Instance),
    trace: unsafe extern "C" fn(Instance, *const c_char),
    flush: unsafe extern "C" fn(Instance),
    port: unsafe extern "C" fn(Instance, c_ulong) -> *mut c_void,
    /// Keeps the functions above in memory.
    _object: libloading::Library,
}

impl Library {
    /// Compiles `design`, or takes it from the cache.
    ///
    /// # Errors
    /// See [`VerilatorError`].
    pub fn build(design: &Design, options: &Options) -> Result<Self, VerilatorError> {
        let path = shared_object(design, *options)?;
        let failed = |error| VerilatorError::Load { path: path.display().to_string(), error };
        // SAFETY: the object is ours, from a cache that only we write; its initialisers are those of the C++ runtime.
        let object = unsafe { libloading::Library::new(&path) }.map_err(failed)?;
        // SAFETY: the types are those of the shim's source, which is part of the object's key.
        let inner = unsafe {
            Inner {
                top: design.top.clone(),
                ports: declarations(design),
                options: *options,
                has_rings: design.verilog.contains("posedge ring_clock"),
                create: *object.get(b"penstock_new").map_err(failed)?,
                delete: *object.get(b"penstock_delete").map_err(failed)?,
                eval: *object.get(b"penstock_eval").map_err(failed)?,
                trace: *object.get(b"penstock_trace").map_err(failed)?,
                flush: *object.get(b"penstock_flush").map_err(failed)?,
                port: *object.get(b"penstock_port").map_err(failed)?,
                _object: object,
            }
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A new instance, all ports and registers zero, settled once.
    ///
    /// # Errors
    /// [`VerilatorError::NoPort`] if the design has no `clock`, or has rings without their ports.
    pub fn simulation(&self) -> Result<Simulation, VerilatorError> {
        let inner = Arc::clone(&self.inner);
        // SAFETY: takes no arguments; the instance is deleted when `Simulation` is dropped.
        let instance = unsafe { (inner.create)() };
        // SAFETY: the instance is alive, and indices are within the shim's table.
        let storage = (0..inner.ports.len()).map(|index| unsafe { (inner.port)(instance, index as c_ulong) }).collect();
        let mut simulation = Simulation {
            library: inner,
            instance,
            storage,
            cycles: 0,
            clock: Port { index: 0, width: 1 },
            rings: None,
        };
        simulation.clock = simulation.port("clock")?;
        if simulation.library.has_rings {
            simulation.rings = Some([simulation.port("ring_clock")?, simulation.port("ring_strobe")?]);
        }
        simulation.eval();
        Ok(simulation)
    }
}

/// A running design.
pub struct Simulation {
    library: Arc<Inner>,
    instance: Instance,
    storage: Vec<*mut c_void>,
    cycles: u64,
    clock: Port,
    /// The rings' clock and strobe.
    rings: Option<[Port; 2]>,
}

// SAFETY: an instance has its own context and shares nothing with others; a `Simulation` is its only owner.
unsafe impl Send for Simulation {}

impl Drop for Simulation {
    fn drop(&mut self) {
        // SAFETY: made by `penstock_new`, deleted once.
        unsafe { (self.library.delete)(self.instance) }
    }
}

impl Simulation {
    /// The port called `name`.
    ///
    /// # Errors
    /// [`VerilatorError::NoPort`].
    pub fn port(&self, name: &str) -> Result<Port, VerilatorError> {
        let ports = &self.library.ports;
        ports
            .iter()
            .position(|port| port.name == name)
            .map(|index| Port { index, width: ports[index].width })
            .ok_or_else(|| VerilatorError::NoPort {
                top: self.library.top.clone(),
                name: name.to_owned(),
                ports: ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", "),
            })
    }

    /// Drives a port with the low bits of `value`; what lies above 64 bits becomes zero.
    pub fn set(&mut self, port: Port, value: u64) {
        let storage = self.storage[port.index];
        let value = if port.width < 64 { value & ((1 << port.width) - 1) } else { value };
        // SAFETY: the storage has the size that Verilator gives this width, and nothing else accesses it meanwhile.
        unsafe {
            match port.width {
                0..=8 => storage.cast::<u8>().write(value as u8),
                9..=16 => storage.cast::<u16>().write(value as u16),
                17..=32 => storage.cast::<u32>().write(value as u32),
                33..=64 => storage.cast::<u64>().write(value),
                _ => self.set_words(port, &[value as u32, (value >> 32) as u32]),
            }
        }
    }

    /// The low 64 bits of a port.
    pub fn get(&self, port: Port) -> u64 {
        let storage = self.storage[port.index];
        // SAFETY: as in `set`.
        unsafe {
            match port.width {
                0..=8 => storage.cast::<u8>().read().into(),
                9..=16 => storage.cast::<u16>().read().into(),
                17..=32 => storage.cast::<u32>().read().into(),
                33..=64 => storage.cast::<u64>().read(),
                _ => {
                    let words = storage.cast::<u32>();
                    u64::from(words.read()) | u64::from(words.add(1).read()) << 32
                }
            }
        }
    }

    /// Drives a port with little-endian 32-bit words; missing words are zero, bits above the port's width are dropped.
    pub fn set_words(&mut self, port: Port, words: &[u32]) {
        if port.width <= 64 {
            let word = |index| u64::from(words.get(index).copied().unwrap_or(0));
            return self.set(port, word(0) | word(1) << 32);
        }
        let count = port.width.div_ceil(32);
        let storage = self.storage[port.index].cast::<u32>();
        for index in 0..count {
            let mask = if index + 1 == count && !port.width.is_multiple_of(32) {
                (1 << (port.width % 32)) - 1
            } else {
                u32::MAX
            };
            // SAFETY: Verilator stores this width as `count` words.
            unsafe { storage.add(index).write(words.get(index).copied().unwrap_or(0) & mask) };
        }
    }

    /// Reads a port into little-endian 32-bit words; what the port does not have becomes zero.
    pub fn get_words(&self, port: Port, words: &mut [u32]) {
        if port.width <= 64 {
            let value = self.get(port);
            for (index, word) in words.iter_mut().enumerate() {
                *word = if index < 2 { (value >> (32 * index)) as u32 } else { 0 };
            }
            return;
        }
        let count = port.width.div_ceil(32);
        let storage = self.storage[port.index].cast::<u32>();
        for (index, word) in words.iter_mut().enumerate() {
            // SAFETY: as in `set_words`.
            *word = if index < count { unsafe { storage.add(index).read() } } else { 0 };
        }
    }

    /// Settles the combinational logic.
    pub fn eval(&mut self) {
        // SAFETY: the instance is alive and borrowed mutably.
        unsafe { (self.library.eval)(self.instance) }
    }

    /// One cycle: a rising and a falling edge of `clock`. Inputs set before are seen at the rising edge.
    pub fn tick(&mut self) {
        if let Some(rings) = self.rings {
            self.tick_rings(rings);
        }
        self.set(self.clock, 1);
        self.eval();
        self.set(self.clock, 0);
        self.eval();
        self.cycles += 1;
    }

    /// The rings' edges of a cycle, the strobe high at the second; the last one comes right before the clock's.
    fn tick_rings(&mut self, [clock, strobe]: [Port; 2]) {
        for cycle in 1..=RING_CYCLES {
            self.set(strobe, u64::from(cycle == 2));
            self.set(clock, 1);
            self.eval();
            self.set(clock, 0);
            if cycle < RING_CYCLES {
                self.eval();
            }
        }
    }

    /// Cycles so far.
    pub fn cycles(&self) -> u64 {
        self.cycles
    }

    /// Writes all signals from now on to a VCD file.
    ///
    /// # Errors
    /// [`VerilatorError::NoTrace`] if the library was built without traces; [`VerilatorError::File`] for a path that
    /// cannot be given to C.
    pub fn trace(&mut self, path: &Path) -> Result<(), VerilatorError> {
        if !self.library.options.trace {
            return Err(VerilatorError::NoTrace { top: self.library.top.clone() });
        }
        let name = CString::new(path.as_os_str().as_encoded_bytes())
            .map_err(|error| VerilatorError::File { path: path.display().to_string(), error: error.into() })?;
        // SAFETY: a C string that lives for the call.
        unsafe { (self.library.trace)(self.instance, name.as_ptr()) };
        Ok(())
    }

    /// Brings the trace's file, if there is one, up to this cycle.
    pub fn flush_trace(&mut self) {
        // SAFETY: the instance is alive.
        unsafe { (self.library.flush)(self.instance) };
    }
}
