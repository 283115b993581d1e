namespace SynthSae.Spec.Coding

/// The known name that somebody probably meant.
module Nearest =
    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into another.
    let distance (a: string) (b: string) =
        let table = Array2D.init (a.Length + 1) (b.Length + 1) (fun i j -> if i = 0 then j else i)

        for i in 1 .. a.Length do
            for j in 1 .. b.Length do
                let replaced = table[i - 1, j - 1] + (if a[i - 1] = b[j - 1] then 0 else 1)
                let shortest = min replaced (1 + min table[i - 1, j] table[i, j - 1])
                let swapped = i > 1 && j > 1 && a[i - 1] = b[j - 2] && a[i - 2] = b[j - 1]

                table[i, j] <- if swapped then min shortest (table[i - 2, j - 2] + 1) else shortest

        table[a.Length, b.Length]

    /// The nearest name, and whether it is near enough to have been meant: a part of a name is.
    let private find (known: string list) (name: string) =
        let word = name.ToLowerInvariant()

        let isPart (candidate: string) =
            word.Length > 2 && candidate.Contains word

        let nearest = known |> List.minBy (fun name -> not (isPart name), distance word name)
        let near = 2 * distance word nearest <= max word.Length nearest.Length
        nearest, near || isPart nearest

    /// `; did you mean "…"?` when a name is near, otherwise nothing.
    let question known name =
        if List.isEmpty known then
            ""
        else
            match find known name with
            | nearest, true -> $"; did you mean \"{nearest}\"?"
            | _ -> ""

    /// The same, and all names when none is near.
    let hint known name =
        match find known name with
        | nearest, true -> $"; did you mean \"{nearest}\"?"
        | nearest, false ->
            let all = String.concat ", " known
            $"; the nearest is \"{nearest}\", the known ones are {all}"
