module SynthSae.Tests.Hub.HubIdTests

open System
open System.IO
open SynthSae.Compute
open SynthSae.Core
open SynthSae.Hub
open SynthSae.Tests
open Xunit

[<Theory>]
[<InlineData("owner/name", "owner/name", "main", "")>]
[<InlineData("owner/name:a/b", "owner/name", "main", "a/b")>]
[<InlineData("owner/name:a/b/", "owner/name", "main", "a/b")>]
[<InlineData("o/n.v2-x_y@refs/pr/1:btk/l0-25", "o/n.v2-x_y", "refs/pr/1", "btk/l0-25")>]
[<InlineData("o/n@v1.0", "o/n", "v1.0", "")>]
[<InlineData("o/n:with@sign", "o/n", "main", "with@sign")>]
let ``an id is read, and written as it was read`` text repository revision path =
    let id = HubId.Parse text
    Assert.Equal((repository, revision, path), (id.Repository, id.Revision, id.Path))
    Assert.Equal(text.TrimEnd '/', string id)
    Assert.Equal(id, HubId.Parse(string id))

[<Theory>]
[<InlineData("name")>]
[<InlineData("a/b/c")>]
[<InlineData("../name")>]
[<InlineData("a/..")>]
[<InlineData("a/b--c")>]
[<InlineData("a/b:../../etc")>]
[<InlineData("a/b:x//y")>]
[<InlineData("a/b:x\\y")>]
[<InlineData("a/b@../x")>]
[<InlineData("a/b@")>]
[<InlineData("a/b@/abs:x")>]
[<InlineData("a/b:x\n")>]
[<InlineData("a/b c")>]
[<InlineData("")>]
let ``what could lead out of its folder is no id`` text =
    Assert.Null(HubId.TryParse text)
    Assert.Throws<BadInput>(fun () -> HubId.Parse text |> ignore) |> ignore

[<Fact>]
let ``a commit pins an id`` () =
    let commit = String.replicate 40 "c"
    let id = (HubId.Parse "o/n:p").At commit
    Assert.True id.IsPinned
    Assert.Equal($"o/n@{commit}:p", string id)
    Assert.False((HubId.Parse "o/n:p").IsPinned)
    Assert.Throws<BadInput>(fun () -> id.At "a/../b" |> ignore) |> ignore

[<Theory>]
[<InlineData("/a/b")>]
[<InlineData("./a/b")>]
[<InlineData("../a")>]
[<InlineData("~/a")>]
[<InlineData("small")>]
[<InlineData("specs/run.json")>]
[<InlineData("data/x.safetensors")>]
let ``what is written as a path is local`` name = Assert.Null(HubNames.Find name)

[<Fact>]
let ``what exists nowhere here may be on the hub`` () =
    Assert.NotNull(HubNames.Find "some-owner/some-name")

let private read (variables: (string * string) list) =
    let known = Map.ofList variables
    HubSettings.Read(fun name -> known.TryFind name |> Option.toObj)

[<Fact>]
let ``the settings are found where Python's library finds them`` () =
    use folder = new TemporaryFolder()
    let home = folder.File "home"
    Directory.CreateDirectory home |> ignore
    File.WriteAllText(Path.Combine(home, "token"), "hf_of_home\n")
    File.WriteAllText(folder.File "other", " hf_of_path ")
    let settings = read [ "HF_HOME", home ]
    Assert.Equal("https://huggingface.co/", settings.Endpoint.AbsoluteUri)
    Assert.Equal(Path.Combine(home, "hub"), settings.CacheFolder)
    Assert.Equal("hf_of_home", settings.Token)
    Assert.False settings.Offline

    let settings =
        read
            [ "HF_HOME", home
              "HF_HUB_CACHE", folder.File "cache"
              "HF_TOKEN_PATH", folder.File "other"
              "HF_ENDPOINT", "http://localhost:8080/"
              "HF_HUB_OFFLINE", "1"
              "HF_HUB_DOWNLOAD_TIMEOUT", "30" ]

    Assert.Equal(folder.File "cache", settings.CacheFolder)
    Assert.Equal("hf_of_path", settings.Token)
    Assert.Equal("http://localhost:8080/", settings.Endpoint.AbsoluteUri)
    Assert.True settings.Offline
    Assert.Equal(TimeSpan.FromSeconds 30.0, settings.Patience)
    Assert.Equal("hf_x", (read [ "HF_HOME", home; "HF_TOKEN", "hf_x\n" ]).Token)
    let settings = read [ "XDG_CACHE_HOME", folder.Path ]
    Assert.Equal(folder.File "huggingface/hub", settings.CacheFolder)
    Assert.Null settings.Token

[<Theory>]
[<InlineData("HF_ENDPOINT", "huggingface.co")>]
[<InlineData("HF_ENDPOINT", "ftp://host")>]
[<InlineData("HF_HUB_DOWNLOAD_TIMEOUT", "soon")>]
[<InlineData("HF_TOKEN", "two\nlines")>]
let ``a variable that holds nonsense is named`` name value =
    let error =
        Assert.Throws<BadInput>(fun () -> read [ name, value; "HF_HOME", "/nowhere" ] |> ignore)

    Assert.StartsWith(name, error.Message)
    Assert.False(error.Message.Contains "two", "a token is no text for messages")
