//! From a design to a shared object in the cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256};

use super::port::declarations;
use penstock_tools::cache_folder;

use super::{Options, Toolchain, VerilatorError};
use crate::emit::Design;

const FLAGS: [&str; 12] = [
    "--cc",
    "--prefix",
    "Vtop",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--no-timing",
    "-Wno-WIDTH",
    "--output-split",
    "8000",
];
const COMPILER_FLAGS: [&str; 5] = ["-std=c++20", "-O2", "-fPIC", "-w", "-fno-plt"];

/// The shared object of `design`, built if it is not in the cache.
pub(super) fn shared_object(design: &Design, options: Options) -> Result<PathBuf, VerilatorError> {
    let tools = Toolchain::find()?;
    let shim = shim_source(design, options);
    let mut hash = Sha256::new();
    for part in [&design.verilog, &shim, &tools.version, &format!("{options:?} {FLAGS:?} {COMPILER_FLAGS:?}")] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let key = format!("{}-{}", design.top, &hex::encode(hash.finalize())[..16]);
    let folder = cache_folder().join("verilated");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let object = folder.join(format!("{key}.so"));
    // Several test processes may want the same design at once: one builds it, the others wait.
    let lock_path = folder.join(format!("{key}.lock"));
    let lock = File::create(&lock_path).map_err(at(&lock_path))?;
    lock.lock().map_err(at(&lock_path))?;
    if !object.is_file() {
        let work = folder.join(&key);
        fs::create_dir_all(&work).map_err(at(&work))?;
        build(&tools, design, options, &shim, &work)?;
        let built = work.join("model.so");
        fs::rename(&built, &object).map_err(at(&built))?;
        fs::remove_dir_all(&work).map_err(at(&work))?;
    }
    Ok(object)
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> VerilatorError {
    let path = path.display().to_string();
    move |error| VerilatorError::File { path, error }
}

fn build(tools: &Toolchain, design: &Design, options: Options, shim: &str, work: &Path) -> Result<(), VerilatorError> {
    let write = |name: &str, text: &str| fs::write(work.join(name), text).map_err(at(work));
    write("design.v", &design.verilog)?;
    write("shim.cpp", shim)?;
    let failed = |program| {
        let (top, folder) = (design.top.clone(), work.display().to_string());
        move |log| VerilatorError::Build { program, top, folder, log }
    };
    let mut verilate = Command::new(&tools.verilator);
    verilate.args(FLAGS).args(["--top-module", &design.top, "--Mdir", "."]);
    verilate.args(options.fast_multipliers.then_some("-DPENSTOCK_FAST_MULTIPLIERS"));
    verilate.args(options.trace.then_some("--trace-vcd"));
    run(verilate.arg("design.v").current_dir(work)).map_err(failed("Verilator"))?;
    let objects = compile(tools, options, work).map_err(failed("the C++ compiler"))?;
    let mut link = Command::new(&tools.compiler);
    link.args(["-shared", "-o", "model.so"]).args(objects).arg("-pthread").current_dir(work);
    run(&mut link).map_err(failed("the linker"))
}

/// Compiles every generated file and the shim. Verilator's runtime is compiled once for all designs.
fn compile(tools: &Toolchain, options: Options, work: &Path) -> Result<Vec<PathBuf>, String> {
    let mut objects = runtime(tools, options, work)?;
    let entries = fs::read_dir(work).map_err(|error| error.to_string())?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut sources: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "cpp")).collect();
    sources.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).map_or(0, |data| data.len())));
    // Reading the headers takes longer than compiling a small file: as few files as there are cores.
    let parts = threads();
    let mut jobs = Vec::new();
    for part in 0..parts.min(sources.len()) {
        let include = |path: &PathBuf| format!("#include \"{}\"\n", path.display());
        let path = work.join(format!("part_{part}.cpp"));
        fs::write(&path, sources.iter().skip(part).step_by(parts).map(include).collect::<String>())
            .map_err(|error| error.to_string())?;
        jobs.push((path.with_extension("o"), path));
    }
    compile_all(tools, options, &jobs)?;
    objects.extend(jobs.into_iter().map(|(object, _)| object));
    Ok(objects)
}

/// The runtime's objects, from the cache if they are there. The caller holds the lock of its own design only: two may
/// compile the runtime at once, and the last one's equal objects stay.
fn runtime(tools: &Toolchain, options: Options, work: &Path) -> Result<Vec<PathBuf>, String> {
    let key = hex::encode(Sha256::digest(format!("{} {} {COMPILER_FLAGS:?}", tools.version, options.trace)));
    let folder = work.with_file_name(format!("runtime-{}", &key[..16]));
    let names = ["verilated", "verilated_threads"].into_iter().chain(options.trace.then_some("verilated_vcd_c"));
    let objects: Vec<PathBuf> = names.clone().map(|name| folder.join(format!("{name}.o"))).collect();
    if objects.iter().all(|object| object.is_file()) {
        return Ok(objects);
    }
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let include = tools.root.join("include");
    let own = |name: &str| work.join(format!("{name}.o"));
    let jobs: Vec<_> = names.clone().map(|name| (own(name), include.join(format!("{name}.cpp")))).collect();
    compile_all(tools, options, &jobs)?;
    for (name, object) in names.zip(&objects) {
        fs::rename(own(name), object).map_err(|error| error.to_string())?;
    }
    Ok(objects)
}

/// Compiles sources to objects, on as many threads as there are cores.
fn compile_all(tools: &Toolchain, options: Options, jobs: &[(PathBuf, PathBuf)]) -> Result<(), String> {
    let include = tools.root.join("include");
    let next = AtomicUsize::new(0);
    let worker = || {
        while let Some((object, source)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut command = Command::new(&tools.compiler);
            command.args(COMPILER_FLAGS).arg("-I").arg(&include).arg("-I").arg(include.join("vltstd"));
            command.args(options.trace.then_some("-DVM_TRACE=1"));
            run(command.arg("-c").arg("-o").arg(object).arg(source))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads()).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Err("a compiler thread died".into())))
    })
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

/// C functions over Verilator's class. A port is handed out as the address of its storage: 1, 2, 4 or 8 bytes, or an
/// array of 32-bit words above 64 bits.
fn shim_source(design: &Design, options: Options) -> String {
    let ports: String = declarations(design)
        .iter()
        .enumerate()
        .map(|(index, port)| format!("        case {index}: return (void*)&model->{};\n", port.member()))
        .collect();
    let (include, enable, open) = if options.trace {
        (
            "#include \"verilated_vcd_c.h\"\n",
            "        context.traceEverOn(true);\n",
            "        model.trace(&trace, 99); trace.open(path);\n",
        )
    } else {
        ("", "", "")
    };
    let member = if options.trace { "    VerilatedVcdC trace;\n" } else { "" };
    let dump = if options.trace {
        "    if (self->trace.isOpen()) { self->trace.dump(self->context.time()); self->context.timeInc(1); }\n"
    } else {
        ""
    };
    let flush = if options.trace { "    self->trace.flush();\n" } else { "" };
    let close = if options.trace { "    self->trace.close();\n" } else { "" };
    format!(
        r#"#include "Vtop.h"
#include "verilated.h"
{include}struct Instance {{
    VerilatedContext context;
    Vtop model{{&context, "top"}};
{member}    Instance() {{
{enable}    }}
    void open_trace(const char* path) {{
{open}    }}
}};
extern "C" {{
Instance* penstock_new() {{ return new Instance; }}
void penstock_delete(Instance* self) {{
{close}    self->model.final();
    delete self;
}}
void penstock_eval(Instance* self) {{
    self->model.eval();
{dump}}}
void penstock_trace(Instance* self, const char* path) {{ self->open_trace(path); }}
void penstock_flush(Instance* self) {{
{flush}}}
void* penstock_port(Instance* self, unsigned long index) {{
    Vtop* model = &self->model;
    switch (index) {{
{ports}        default: return nullptr;
    }}
}}
}}
"#
    )
}
