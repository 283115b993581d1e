module SynthSae.Tests.Memory.ThreadsTests

open SynthSae.Compute
open Xunit

[<Theory>]
[<InlineData(1, 10, 3)>]
[<InlineData(3, 1000, 7)>]
[<InlineData(8, 5, 64)>]
[<InlineData(2, 0, 4)>]
let ``every element is visited once, by a worker below the number of threads`` threads count grain =
    let visits: int[] = Array.zeroCreate count
    let workers: int[] = Array.create count -1

    Threads.ranges threads count grain (fun worker first last ->
        Assert.InRange(last - first, 1, grain)

        for i in first .. last - 1 do
            visits[i] <- visits[i] + 1
            workers[i] <- worker)

    Assert.All(visits, (fun visits -> Assert.Equal(1, visits)))
    Assert.All(workers, (fun worker -> Assert.InRange(worker, 0, threads - 1)))

[<Theory>]
[<InlineData(1)>]
[<InlineData(3)>]
let ``what every worker raises reaches the caller as itself`` threads =
    let error =
        Assert.Throws<BadInput>(fun () ->
            Threads.iter threads 9 (fun _ _ -> raise (BadInput("row", "is not finite"))))

    Assert.Equal("row: is not finite", error.Message)
