module SynthSae.Tests.Ops.OpFoldersTests

open System.IO
open Xunit

let private ops =
    Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, "..", "..", "Compute", "Ops"))

[<Fact>]
let ``every op has its contract, its meaning in plain loops, and its kernel`` () =
    let missing =
        [ for folder in Directory.GetDirectories ops do
              let op = Path.GetFileName folder

              for file in [ $"{op}.fs"; $"{op}.Reference.fs"; $"{op}.Cpu.fs" ] do
                  if not (File.Exists(Path.Combine(folder, file))) then
                      file ]

    Assert.Empty missing
