module SynthSae.Tests.Hub.HubFoldersTests

open System
open System.IO
open System.Threading.Tasks
open SynthSae.Compute
open SynthSae.Hub
open SynthSae.Tests
open Xunit

let private weights = Array.init 300_001 (fun i -> byte (i * 7 / 3))
let private config = "{\"hierarchy\": {\"total_root_nodes\": 1}}"B

let private model =
    [ "synthetic_model_config.json", config
      "synthetic_model.safetensors", weights
      "hierarchy.json", "{\"roots\": []}"B
      "README.md", "# not needed"B ]

let private saes =
    [ for l0 in [ 20; 25 ] do
          yield $"btk/l0-{l0}/cfg.json", "{}"B
          yield $"btk/l0-{l0}/sae_weights.safetensors", Array.append weights [| byte l0 |]
          yield $"btk/l0-{l0}/activation_scaler.json", "{ }"B
          yield $"btk/l0-{l0}/stats.json", "{}"B ]

/// A cache, a hub, and settings to go with them.
type private Place(files) =
    let folder = new TemporaryFolder()
    let hub = new FakeHub(files)
    member val Settings = hub.Settings folder.Path with get, set
    member _.Hub = hub
    member _.Cache = folder.Path
    member _.Repository = folder.File "models--toy--things"
    member place.InRepository path = Path.Combine(place.Repository, path)

    member place.Pull(id: string) =
        use folders = new HubFolders(place.Settings)
        folders.Pull(HubId.Parse id)

    member place.Fails id =
        (Assert.Throws<BadInput>(fun () -> place.Pull id |> ignore)).Message

    member place.Incomplete = Directory.GetFiles(place.InRepository "blobs", "*.incomplete")

    interface IDisposable with
        member _.Dispose() =
            (hub :> IDisposable).Dispose()
            (folder :> IDisposable).Dispose()

let private isDownload (call: HubCall) = call.Method = "GET" && call.IsToStore

let private content (pulled: PulledFolder) name =
    File.ReadAllBytes(Path.Combine(pulled.Folder, name))

/// Break off the first downloads, each after so many bytes.
let private cutting (lengths: int list) (place: Place) =
    let mutable left = lengths

    place.Hub.Fault <-
        fun call ->
            match left with
            | at :: rest when isDownload call ->
                left <- rest
                let usual = place.Hub.Usual call
                Some { usual with CutAt = Some at }
            | _ -> None

[<Fact>]
let ``a model is laid out as Python's library does it`` () =
    use place = new Place(model)
    let pulled = place.Pull "toy/things"
    let commit = place.Hub.Commit
    Assert.Equal(FolderKind.Model, pulled.Kind)
    Assert.Equal($"toy/things@{commit}", string pulled.Id)
    Assert.Equal(place.InRepository $"snapshots/{commit}", pulled.Folder)
    Assert.Equal(commit, File.ReadAllText(place.InRepository "refs/main"))

    for name, bytes in model |> List.filter (fun (name, _) -> name <> "README.md") do
        let large = name.EndsWith ".safetensors"
        let sum = if large then HubSums.sha256 bytes else HubSums.git bytes
        Assert.Equal<byte>(bytes, content pulled name)
        let link = FileInfo(Path.Combine(pulled.Folder, name)).LinkTarget
        Assert.Equal($"../../blobs/{sum}", link)
        let file = pulled.Files |> Seq.find (fun file -> file.Name = name)
        Assert.True file.Fetched
        Assert.Equal(int64 bytes.Length, file.Bytes)
        Assert.EndsWith(sum, file.Checksum)

    Assert.Equal(3, pulled.Files.Count)
    Assert.Equal(3, Directory.GetFiles(pulled.Folder).Length)
    Assert.Equal(3, Directory.GetFiles(place.InRepository "blobs").Length)

[<Fact>]
let ``a folder of a repository is pulled alone, with links that lead out of it`` () =
    use place = new Place(saes)
    let pulled = place.Pull "toy/things:btk/l0-25"
    Assert.Equal(FolderKind.Sae, pulled.Kind)
    Assert.EndsWith($"snapshots/{place.Hub.Commit}/btk/l0-25", pulled.Folder)
    Assert.Equal<byte>(Array.append weights [| 25uy |], content pulled "sae_weights.safetensors")
    let link = FileInfo(Path.Combine(pulled.Folder, "cfg.json")).LinkTarget
    Assert.StartsWith("../../../../blobs/", link)
    Assert.False(Directory.Exists(Path.Combine(pulled.Folder, "../l0-20")))
    Assert.Equal<byte>("{ }"B, content pulled "activation_scaler.json")
    Assert.False(File.Exists(Path.Combine(pulled.Folder, "stats.json")))

[<Fact>]
let ``what is in the cache is not downloaded again`` () =
    use place = new Place(model)
    let first = place.Pull "toy/things"
    place.Hub.Forget()
    let again = place.Pull "toy/things"
    Assert.Equal(1, place.Hub.Calls.Length) // which commit is main?
    Assert.All(again.Files, (fun file -> Assert.False file.Fetched))
    place.Hub.Forget()
    Assert.Equal(first.Folder, (place.Pull(string first.Id)).Folder)
    Assert.Empty place.Hub.Calls // a commit never changes

[<Fact>]
let ``a new commit brings what has changed, and leaves the old one as it was`` () =
    use place = new Place(model)
    let first = place.Pull "toy/things"
    place.Hub.Commit <- String.replicate 40 "b"
    place.Hub.Files <- place.Hub.Files.Add("hierarchy.json", "{\"roots\": [ ]}"B)
    place.Hub.Forget()
    let second = place.Pull "toy/things"

    Assert.Equal<string>(
        [ "hierarchy.json" ],
        second.Files |> Seq.filter _.Fetched |> Seq.map _.Name
    )

    Assert.DoesNotContain(place.Hub.Calls, isDownload)
    Assert.Equal<byte>("{\"roots\": []}"B, content first "hierarchy.json")
    Assert.Equal<byte>("{\"roots\": [ ]}"B, content second "hierarchy.json")
    Assert.Equal<byte>(weights, content second "synthetic_model.safetensors")
    Assert.Equal(place.Hub.Commit, File.ReadAllText(place.InRepository "refs/main"))

[<Fact>]
let ``a revision with slashes has its own reference`` () =
    use place = new Place(model)
    let pulled = place.Pull "toy/things@refs/pr/1"
    Assert.Equal(place.Hub.Commit, File.ReadAllText(place.InRepository "refs/refs/pr/1"))
    Assert.False(File.Exists(place.InRepository "refs/main"))
    Assert.True pulled.Id.IsPinned

[<Fact>]
let ``what Python has fetched in part is completed`` () =
    use place = new Place(model)
    let folder = place.InRepository $"snapshots/{place.Hub.Commit}"
    Directory.CreateDirectory folder |> ignore
    Directory.CreateDirectory(place.InRepository "blobs") |> ignore
    Directory.CreateDirectory(place.InRepository "refs") |> ignore
    File.WriteAllText(place.InRepository "refs/main", place.Hub.Commit)

    let link name (bytes: byte[]) sum =
        File.WriteAllBytes(place.InRepository $"blobs/{sum}", bytes)
        File.CreateSymbolicLink(Path.Combine(folder, name), $"../../blobs/{sum}") |> ignore

    link "synthetic_model_config.json" config (HubSums.git config)
    link "synthetic_model.safetensors" weights (HubSums.sha256 weights)
    // The trees that the configuration promises are missing.
    place.Settings <- HubSettings(place.Settings.Endpoint, place.Cache, null, null, true)
    Assert.Contains("is not in the cache", place.Fails "toy/things")
    place.Settings <- place.Hub.Settings place.Cache
    let pulled = place.Pull "toy/things"

    Assert.Equal<string>(
        [ "hierarchy.json" ],
        pulled.Files |> Seq.filter _.Fetched |> Seq.map _.Name
    )

[<Fact>]
let ``the token goes to the hub and to no other host`` () =
    use place = new Place(model)
    let settings = place.Settings

    place.Settings <-
        HubSettings(
            settings.Endpoint,
            place.Cache,
            "hf_secret",
            "HF_TOKEN",
            false,
            FirstWait = settings.FirstWait
        )

    place.Pull "toy/things" |> ignore
    let toStore, toHub = place.Hub.Calls |> List.partition _.IsToStore
    Assert.NotEmpty toStore
    Assert.All(toHub, (fun call -> Assert.Equal("Bearer hf_secret", call.Headers["authorization"])))
    Assert.All(toStore, (fun call -> Assert.False(call.Headers.ContainsKey "authorization")))

[<Fact>]
let ``a download goes on where an interrupted one has ended`` () =
    use place = new Place(model)
    cutting [ 100_000; 0; 0; 0 ] place // three in vain are too many
    Assert.Contains("synthetic_model.safetensors", place.Fails "toy/things")
    Assert.False(File.Exists(place.InRepository "refs/main"))
    Assert.False(File.Exists(place.InRepository "snapshots/synthetic_model.safetensors"))
    let there = (Assert.Single place.Incomplete |> FileInfo).Length
    Assert.InRange(there, 1L, 100_000L)
    place.Hub.Fault <- fun _ -> None
    place.Hub.Forget()
    let pulled = place.Pull "toy/things"
    Assert.Equal<byte>(weights, content pulled "synthetic_model.safetensors")
    let call = place.Hub.Calls |> List.filter isDownload |> Assert.Single
    Assert.Equal($"bytes={there}-", call.Headers["range"])
    Assert.Empty place.Incomplete

[<Fact>]
let ``a connection that breaks again and again gets there while each attempt brings more`` () =
    use place = new Place(model)
    cutting (List.replicate 6 50_000) place // more often than a request is repeated
    let pulled = place.Pull "toy/things"
    Assert.Equal<byte>(weights, content pulled "synthetic_model.safetensors")

    let starts =
        place.Hub.Calls
        |> List.filter isDownload
        |> List.map (fun call -> call.Headers.TryFind "range")

    Assert.Equal(None, starts.Head)
    Assert.Equal(6, starts |> List.choose id |> List.distinct |> List.length)

[<Fact>]
let ``a server that knows no parts is asked for all`` () =
    use place = new Place(model)
    let mutable first = true

    place.Hub.Fault <-
        fun call ->
            if isDownload call then
                let cut = if first then Some 1000 else None
                first <- false

                Some
                    { FakeHub.Reply(200, [], "") with
                        Body = weights
                        CutAt = cut }
            else
                None

    let pulled = place.Pull "toy/things"
    Assert.Equal<byte>(weights, content pulled "synthetic_model.safetensors")

[<Fact>]
let ``part of another content is thrown away and the file downloaded anew`` () =
    use place = new Place(model)
    Directory.CreateDirectory(place.InRepository "blobs") |> ignore
    let partial = place.InRepository $"blobs/{HubSums.sha256 weights}.incomplete"
    File.WriteAllBytes(partial, Array.create 1234 9uy)
    let pulled = place.Pull "toy/things"
    Assert.Equal<byte>(weights, content pulled "synthetic_model.safetensors")
    Assert.Empty place.Incomplete
    // Longer than the file itself.
    use other = new Place(model)
    Directory.CreateDirectory(other.InRepository "blobs") |> ignore
    let partial = other.InRepository $"blobs/{HubSums.sha256 weights}.incomplete"
    File.WriteAllBytes(partial, Array.create (weights.Length + 5) 9uy)
    let pulled = other.Pull "toy/things"
    Assert.Equal<byte>(weights, content pulled "synthetic_model.safetensors")

[<Theory>]
[<InlineData("synthetic_model.safetensors")>]
[<InlineData("hierarchy.json")>]
let ``a file with a wrong checksum is refused and nothing of it is kept`` (name: string) =
    use place = new Place(model)

    place.Hub.Fault <-
        fun call ->
            if call.Method = "GET" && call.Path.EndsWith("/" + name) then
                let usual = place.Hub.Usual call

                if usual.Status = 200 then
                    let wrong = Array.copy usual.Body
                    wrong[wrong.Length / 2] <- wrong[wrong.Length / 2] ^^^ 1uy
                    Some { usual with Body = wrong }
                else
                    None
            else
                None

    let error = place.Fails "toy/things"
    Assert.Contains(name, error)
    Assert.Contains("checksum", error)
    Assert.Empty place.Incomplete
    let sum = (if name.EndsWith "json" then HubSums.git else HubSums.sha256) place.Hub.Files[name]
    Assert.False(File.Exists(place.InRepository $"blobs/{sum}"))
    Assert.False(File.Exists(place.InRepository $"snapshots/{place.Hub.Commit}/{name}"))
    Assert.False(File.Exists(place.InRepository "refs/main"))

[<Fact>]
let ``a blob of a wrong size is downloaded again`` () =
    use place = new Place(model)
    let pulled = place.Pull "toy/things"
    let blob = place.InRepository $"blobs/{HubSums.sha256 weights}"
    File.WriteAllBytes(blob, weights[..10])
    File.Delete(Path.Combine(pulled.Folder, "synthetic_model.safetensors"))
    let pulled = place.Pull "toy/things"
    Assert.Equal<byte>(weights, content pulled "synthetic_model.safetensors")

let private answering times status fields (place: Place) =
    let mutable left = times

    place.Hub.Fault <-
        fun call ->
            if left > 0 && (isDownload call || call.Path.StartsWith "/api/") then
                left <- left - 1
                Some(FakeHub.Reply(status, fields, "words"))
            else
                None

[<Theory>]
[<InlineData(429)>]
[<InlineData(500)>]
[<InlineData(503)>]
let ``an answer that may pass is asked for again`` status =
    use place = new Place(model)
    answering 2 status [] place
    Assert.Equal(3, (place.Pull "toy/things").Files.Count)

[<Fact>]
let ``the hub's wish for a pause is granted, within reason`` () =
    use place = new Place(model)
    answering 1 429 [ "Retry-After", "1" ] place
    let watch = Diagnostics.Stopwatch.StartNew()
    place.Pull "toy/things" |> ignore
    Assert.True(watch.Elapsed > TimeSpan.FromSeconds 0.95)
    use other = new Place(model)
    answering 99 429 [ "RateLimit", "\"api\";r=0;t=3600" ] other
    Assert.Contains("try again later", other.Fails "toy/things")
    Assert.Equal(1, other.Hub.Calls.Length)

[<Fact>]
let ``failures that do not pass are told after some attempts`` () =
    use place = new Place(model)
    answering 99 502 [] place
    let error = place.Fails "toy/things"
    Assert.StartsWith("toy/things: ", error)
    Assert.Contains("502", error)
    Assert.Equal(place.Settings.Attempts, place.Hub.Calls.Length)

[<Theory>]
[<InlineData(401, "RepoNotFound", false, "private and needs a token (HF_TOKEN)")>]
[<InlineData(401, "RepoNotFound", true, "the token of HF_TOKEN gives no access")>]
[<InlineData(404, "RepoNotFound", true, "there is no such repository")>]
[<InlineData(401, "", true, "does not accept the token of HF_TOKEN")>]
[<InlineData(403, "GatedRepo", false, "needs a token (HF_TOKEN)")>]
[<InlineData(403, "GatedRepo", true, "the token of HF_TOKEN gives none")>]
[<InlineData(403, "", true, "the token of HF_TOKEN does not give it")>]
[<InlineData(404, "", false, "knows no repository toy/things")>]
let ``refusals are told in words, at once`` status code withToken expected =
    use place = new Place(model)
    answering 99 status [ "X-Error-Code", code ] place

    if withToken then
        place.Settings <-
            HubSettings(place.Settings.Endpoint, place.Cache, "hf_secret", "HF_TOKEN", false)

    let error = place.Fails "toy/things"
    Assert.Contains(expected, error)
    Assert.DoesNotContain("hf_secret", error)
    Assert.Equal(1, place.Hub.Calls.Length)
    Assert.Empty(Directory.GetFileSystemEntries place.Cache)

[<Fact>]
let ``a revision or a folder that does not exist is told with what there is`` () =
    use place = new Place(saes)
    Assert.Contains("no branch, tag or commit v9", place.Fails "toy/things@v9")
    Assert.Contains("did you mean \"btk/l0-25\"?", place.Fails "toy/things:btk/l0-255")
    let error = place.Fails "toy/things"
    Assert.Contains("neither a synthetic model nor an SAE", error)
    Assert.Contains("btk/l0-20, btk/l0-25", error)
    Assert.Contains("btk/l0-20, btk/l0-25", place.Fails "toy/things:btk")

[<Theory>]
[<InlineData("<html>Log in to the network</html>")>]
[<InlineData("{\"sha\": \"../../../etc\", \"siblings\": []}")>]
[<InlineData("[]")>]
let ``an answer that is no list of files is refused`` (text: string) =
    use place = new Place(model)
    place.Hub.Fault <- fun _ -> Some(FakeHub.Reply(200, [], text))
    Assert.Contains("is it a hub?", place.Fails "toy/things")

[<Theory>]
[<InlineData("\"../../../../tmp/x\"")>]
[<InlineData("\"abc-gzip\"")>]
let ``a file without a checksum is refused`` (tag: string) =
    use place = new Place(model)

    place.Hub.Fault <-
        fun call ->
            if call.Method = "HEAD" then Some(FakeHub.Reply(200, [ "ETag", tag ], "1234")) else None

    Assert.Contains("gives no checksum", place.Fails "toy/things")

[<Fact>]
let ``redirections in a circle come to an end`` () =
    use place = new Place(model)
    place.Hub.Fault <- fun call -> Some(FakeHub.Reply(302, [ "Location", call.Path ], ""))
    Assert.Contains("in a circle", place.Fails "toy/things")

[<Fact>]
let ``a silent server is given up`` () =
    use place = new Place(model)

    place.Settings <-
        HubSettings(
            place.Settings.Endpoint,
            place.Cache,
            null,
            null,
            false,
            Patience = TimeSpan.FromSeconds 0.2,
            Attempts = 2,
            FirstWait = TimeSpan.FromMilliseconds 1.0
        )

    place.Hub.Fault <-
        fun call ->
            Some
                { place.Hub.Usual call with
                    Delay = TimeSpan.FromSeconds 2.0 }

    Assert.Contains("was silent for 0.2 s", place.Fails "toy/things")

/// Remembers what it is told.
type private Notes() =
    member val Texts: string list = [] with get, set
    member val Bytes = 0L with get, set

    interface IPullObserver with
        member notes.Progress(_, arrived, _) = notes.Bytes <- max notes.Bytes arrived
        member notes.Note text = notes.Texts <- text :: notes.Texts

[<Fact>]
let ``without a network the cache is used, with a note`` () =
    use place = new Place(model)
    let first = place.Pull "toy/things"
    let nobody = Uri "http://localhost:9" // nothing listens to the port of discard

    let settings =
        HubSettings(
            nobody,
            place.Cache,
            null,
            null,
            false,
            FirstWait = TimeSpan.FromMilliseconds 1.0
        )

    let notes = Notes()
    use folders = new HubFolders(settings, notes)
    let again = folders.Pull(HubId.Parse "toy/things")
    Assert.Equal(first.Folder, again.Folder)
    Assert.Contains("no connection to localhost:9", Assert.Single notes.Texts)
    Assert.Contains(place.Hub.Commit, Assert.Single notes.Texts)
    place.Settings <- settings
    Assert.Contains("no connection to localhost:9", place.Fails "toy/others")

[<Fact>]
let ``offline the hub is not asked`` () =
    use place = new Place(model)
    let settings = place.Settings
    let offline = HubSettings(settings.Endpoint, place.Cache, null, null, true)
    place.Settings <- offline
    Assert.Contains("is not in the cache", place.Fails "toy/things")
    place.Settings <- settings
    let first = place.Pull "toy/things"
    place.Settings <- offline
    place.Hub.Forget()
    Assert.Equal(first.Folder, (place.Pull "toy/things").Folder)
    Assert.Contains("HF_HUB_OFFLINE", place.Fails "toy/things@v9")
    Assert.Empty place.Hub.Calls

[<Fact>]
let ``pulls at the same time download each file once`` () =
    use place = new Place(model)
    let settings = place.Settings

    place.Hub.Fault <-
        fun call ->
            if isDownload call then
                Some
                    { place.Hub.Usual call with
                        Delay = TimeSpan.FromSeconds 0.2 }
            else
                None

    let notes = Array.init 4 (fun _ -> Notes())

    let pulls =
        notes
        |> Array.map (fun notes ->
            task {
                use folders = new HubFolders(settings, notes)
                return! folders.PullAsync(HubId.Parse "toy/things")
            })

    for pulled in Task.WhenAll(pulls).Result do
        Assert.Equal<byte>(weights, content pulled "synthetic_model.safetensors")

    Assert.Single(place.Hub.Calls |> List.filter isDownload) |> ignore
    let waited = notes |> Seq.collect _.Texts |> Seq.filter _.StartsWith("waiting for another")
    Assert.NotEmpty waited
    Assert.Equal(int64 weights.Length, notes |> Seq.map _.Bytes |> Seq.max)

[<Fact>]
let ``a pull that is stopped leaves what has arrived`` () =
    use place = new Place(model)
    use stop = new Threading.CancellationTokenSource()

    let observer =
        { new IPullObserver with
            member _.Progress(file, arrived, _) =
                if file.EndsWith ".safetensors" && arrived > 0L then
                    stop.Cancel()

            member _.Note _ = () }

    place.Hub.Fault <-
        fun call ->
            if isDownload call then
                Some { place.Hub.Usual call with CutAt = Some 200_000 }
            else
                None

    use folders = new HubFolders(place.Settings, observer)

    Assert.ThrowsAny<OperationCanceledException>(fun () ->
        folders.Pull(HubId.Parse "toy/things", stop.Token) |> ignore)
    |> ignore

    Assert.InRange((Assert.Single place.Incomplete |> FileInfo).Length, 1L, 200_000L)
    Assert.False(File.Exists(place.InRepository "refs/main"))

[<Fact>]
let ``a cache that cannot be written to is told in one line`` () =
    use place = new Place(model)
    use folder = new TemporaryFolder()
    File.WriteAllText(folder.File "file", "")
    place.Settings <- place.Hub.Settings(folder.File "file")
    Assert.DoesNotContain("\n", place.Fails "toy/things")
