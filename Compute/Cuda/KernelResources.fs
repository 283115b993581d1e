namespace SynthSae.Compute.Cuda

open System.Text.RegularExpressions

/// What a kernel takes of a multiprocessor, per thread but for the last.
type KernelResources =
    {
        Kernel: string
        Registers: int
        /// Bytes of local memory, spilled registers included.
        Stack: int
        /// Bytes that did not fit into registers and are written to local memory and read again.
        Spilled: int
        /// Bytes of static shared memory of a block.
        Shared: int
    }

/// How kernels came out, as the assembler inside NVRTC tells it.
module KernelResources =
    let private properties = Regex @"Function properties for (\S+)"

    let private spills =
        Regex @"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"

    let private registers = Regex @"Used (\d+) registers"
    let private shared = Regex @"(\d+) bytes smem"
    let private other = Regex @"^ptxas info\s*: (Compiling entry function|\d+ bytes gmem)"

    let private number (line: string) (pattern: Regex) (group: int) =
        let found = pattern.Match line
        if found.Success then int found.Groups[group].Value else 0

    let private start name =
        { Kernel = name
          Registers = 0
          Stack = 0
          Spilled = 0
          Shared = 0 }

    /// The kernels of a log of `--ptxas-options=-v` in its order, and its lines that are no such figures:
    /// the complaints.
    let parse (log: string) : KernelResources list * string list =
        let step (kernels: KernelResources list, complaints) (line: string) =
            let found = properties.Match line

            match kernels with
            | _ when found.Success -> start found.Groups[1].Value :: kernels, complaints
            | kernel :: rest when spills.IsMatch line ->
                { kernel with
                    Stack = number line spills 1
                    Spilled = max (number line spills 2) (number line spills 3) }
                :: rest,
                complaints
            | kernel :: rest when registers.IsMatch line ->
                { kernel with
                    Registers = number line registers 1
                    Shared = number line shared 1 }
                :: rest,
                complaints
            | _ when other.IsMatch line || line.Trim() = "" -> kernels, complaints
            | _ -> kernels, line :: complaints

        let kernels, complaints = log.Split '\n' |> Array.fold step ([], [])
        List.rev kernels, List.rev complaints

    /// Compile the kernels for an architecture (`sm_90`) as for use and tell how they came out; the error is the
    /// compiler's. Fails when NVRTC was not found.
    let measure (source: string) (architecture: string) =
        Nvrtc.compile source architecture (Compiler.options @ [ "--ptxas-options=-v" ])
        |> Result.map (fun compilation -> parse compilation.Log)
