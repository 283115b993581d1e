module SynthSae.Tests.Cuda.OpCasesTests

open SynthSae.Bench
open SynthSae.Tests
open Xunit

/// The names of all cases; xunit wants them as data.
let names: TheoryData<string> =
    let data = TheoryData<string>()

    for case in AllCases.all do
        data.Add(string case)

    data

[<Collection("gpu")>]
type OpCasesTests() =
    [<CudaTheory>]
    [<MemberData("names", MemberType = typeof<OpCasesTests>)>]
    member _.``The kernels agree with the Reference backend``(name: string) =
        let case = AllCases.all |> List.find (fun case -> string case = name)

        FakeGpu.inSchedules (fun schedule ->
            let agreement = case.Run(FakeGpu.gpu ())

            Assert.True(
                agreement.Holds,
                $"{agreement.Worst} of what is allowed ({schedule}): {agreement.Where}"
            ))

    static member names = names
