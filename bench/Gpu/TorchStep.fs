namespace SynthSae.Bench

open System
open System.ComponentModel
open System.Diagnostics
open System.IO

/// The same dense step in PyTorch, where there is a python3 that has it.
module TorchStep =
    let private script () =
        let assembly = typeof<Figure>.Assembly
        use stream = assembly.GetManifestResourceStream "torch_step.py"
        use reader = new StreamReader(stream)
        reader.ReadToEnd()

    /// The JSON line that bench/torch_step.py prints, or why there is none.
    let run () : Result<string, string> =
        let info = ProcessStartInfo("python3", [ "-" ])
        info.RedirectStandardInput <- true
        info.RedirectStandardOutput <- true
        info.RedirectStandardError <- true

        try
            use python = Process.Start info
            let errors = python.StandardError.ReadToEndAsync()

            // A python3 that ends early closes its input.
            try
                python.StandardInput.Write(script ())
                python.StandardInput.Close()
            with :? IOException ->
                ()

            let output = python.StandardOutput.ReadToEnd()
            python.WaitForExit()

            if python.ExitCode = 0 then
                Ok(output.Trim())
            else
                let lines = errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries)

                Error(
                    if lines.Length = 0 then
                        $"python3 ended with {python.ExitCode}"
                    else
                        Array.last lines
                )
        with :? Win32Exception as error ->
            Error $"python3: {error.Message}"
