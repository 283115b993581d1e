namespace SynthSae.Compute.Cuda

open System
open System.IO
open System.Reflection
open System.Text.RegularExpressions

/// The kernels' sources: all .cu files of the project as one translation unit, the prelude first, the others by
/// name. They include nothing, so that no headers have to be found on a user's machine.
module Kernels =
    let private assembly = Assembly.GetExecutingAssembly()

    let private read (name: string) =
        use stream = assembly.GetManifestResourceStream name
        use reader = new StreamReader(stream)
        reader.ReadToEnd()

    let private names =
        assembly.GetManifestResourceNames()
        |> Array.filter (fun name -> name.EndsWith(".cu", StringComparison.Ordinal))
        |> Array.sortWith (fun a b ->
            compare (a <> "Prelude.cu") (b <> "Prelude.cu") * 2
            + sign (String.CompareOrdinal(a, b)))

    /// Name and text of each file, in their order.
    let files: (string * string) list =
        [ for name in names do
              name, read name ]

    /// The translation unit.
    let source: string =
        files
        |> List.map (fun (name, text) -> $"#line 1 \"{name}\"\n{text}\n")
        |> String.concat ""

    let private declaration = Regex @"\bKERNEL(?:_BOUNDED)?\(\s*(\w+)[^()]*\)\s*\(([^()]*)\)"

    let private comment = Regex @"//[^\n]*|/\*.*?\*/"

    /// A parameter's type without what does not change its representation.
    let private parameterType (parameter: string) =
        let words = Regex.Replace(parameter, @"\b(const|__restrict__|restrict)\b", " ")
        let pointer = words.Contains '*'
        let first = (words.Replace("*", " ").Split(' ', StringSplitOptions.RemoveEmptyEntries))[0]
        if pointer then first + "*" else first

    /// The types of each kernel's parameters, by kernel.
    let signatures: Map<string, string list> =
        Map.ofList
            [ for _, text in files do
                  for found in declaration.Matches(comment.Replace(text, " ")) do
                      let parameters =
                          Regex.Replace(found.Groups[2].Value, @"\s+", " ").Split(',')
                          |> Array.map _.Trim()
                          |> Array.filter (fun text -> text <> "" && text <> "void")

                      // The macros' own definitions look alike.
                      if found.Groups[1].Value <> "name" then
                          found.Groups[1].Value, [ for p in parameters -> parameterType p ] ]
