namespace SynthSae.Tests

open System
open System.Collections.Concurrent
open System.IO
open System.Net
open System.Net.Sockets
open System.Security.Cryptography
open System.Text
open System.Threading
open SynthSae.Hub

/// A request as the server sees it; names of headers in lower case.
type HubCall =
    { Method: string
      Host: string
      Path: string
      Headers: Map<string, string> }

    /// True for a request that this host alone may see the token of.
    member call.IsToStore = call.Host.StartsWith "127.0.0.1"

/// What the server answers.
type HubReply =
    {
        Status: int
        Fields: (string * string) list
        Body: byte[]
        /// Close the connection after so many bytes of the body.
        CutAt: int option
        /// Be silent for so long first.
        Delay: TimeSpan
    }

/// Checksums as the hub computes them.
module HubSums =
    let sha256 (content: byte[]) =
        Convert.ToHexStringLower(SHA256.HashData content)

    let git (content: byte[]) =
        Array.append (Encoding.ASCII.GetBytes $"blob {content.Length}\000") content
        |> SHA1.HashData
        |> Convert.ToHexStringLower

/// A hub on this machine with one repository, toy/things. Files of tensors are large: they lie on another host
/// (127.0.0.1 beside localhost), to which the hub redirects; the others lead to another path of the hub, as
/// they do on the real one.
[<Sealed>]
type FakeHub(initial: (string * byte[]) list) =
    let listener = new TcpListener(IPAddress.Loopback, 0)
    let calls = ConcurrentQueue<HubCall>()
    let mutable files = Map.ofList initial
    let mutable commit = String.replicate 40 "a"
    let mutable fault: HubCall -> HubReply option = fun _ -> None

    let port =
        listener.Start()
        (listener.LocalEndpoint :?> IPEndPoint).Port

    static let reply status fields body =
        { Status = status
          Fields = fields
          Body = body
          CutAt = None
          Delay = TimeSpan.Zero }

    let listing () =
        let names = files.Keys |> Seq.map (fun name -> $"{{\"rfilename\": \"{name}\"}}")
        let list = String.concat ", " names
        Encoding.UTF8.GetBytes $"{{\"sha\": \"{commit}\", \"siblings\": [{list}]}}"

    let isLarge (name: string) = name.EndsWith ".safetensors"

    let store (call: HubCall) (content: byte[]) =
        match call.Headers.TryFind "range" with
        | Some range ->
            let from = int (range.Replace("bytes=", "").TrimEnd '-')

            if from >= content.Length then
                reply 416 [] [||]
            else
                let field = $"bytes {from}-{content.Length - 1}/{content.Length}"
                reply 206 [ "Content-Range", field ] content[from..]
        | None -> reply 200 [ "ETag", "\"of-the-store\"" ] content

    let resolve (name: string) =
        match files.TryFind name with
        | None -> reply 404 [ "X-Error-Code", "EntryNotFound" ] [||]
        | Some content when isLarge name ->
            let sum = HubSums.sha256 content
            let size = string content.Length
            let location = $"http://127.0.0.1:{port}/store/{name}"

            reply
                302
                [ "Location", location; "X-Linked-Etag", $"\"{sum}\""; "X-Linked-Size", size ]
                [||]
        | Some _ -> reply 307 [ "Location", $"/resolve-cache/{name}" ] [||]

    let answer (call: HubCall) =
        let after (prefix: string) = call.Path.Substring prefix.Length
        let at = $"/toy/things/resolve/{commit}/"

        if call.Path.StartsWith "/api/models/toy/things/revision/" then
            match after "/api/models/toy/things/revision/" with
            | "main"
            | "refs%2Fpr%2F1" -> reply 200 [] (listing ())
            | other when other = commit -> reply 200 [] (listing ())
            | _ -> reply 404 [ "X-Error-Code", "RevisionNotFound" ] [||]
        elif call.Path.StartsWith at then
            resolve (after at)
        elif call.Path.StartsWith "/resolve-cache/" then
            let content = files[after "/resolve-cache/"]
            reply 200 [ "ETag", $"W/\"{HubSums.git content}\"" ] content
        elif call.IsToStore && call.Path.StartsWith "/store/" then
            store call files[after "/store/"]
        else
            reply 401 [ "X-Error-Code", "RepoNotFound" ] [||]

    let write (stream: Stream) (call: HubCall) (reply: HubReply) =
        Thread.Sleep reply.Delay
        let length = "Content-Length", string reply.Body.Length

        let head =
            [ yield $"HTTP/1.1 {reply.Status} Some words"
              for name, value in ("Connection", "close") :: length :: reply.Fields do
                  yield $"{name}: {value}"
              yield "\r\n" ]

        stream.Write(Encoding.ASCII.GetBytes(String.concat "\r\n" head))

        if call.Method <> "HEAD" then
            let sent = defaultArg reply.CutAt reply.Body.Length
            stream.Write(reply.Body, 0, sent)

    let serve (client: TcpClient) =
        use client = client
        use stream = client.GetStream()
        use reader = new StreamReader(stream, Encoding.ASCII)

        match reader.ReadLine() with
        | null -> ()
        | first ->
            let headers =
                Seq.initInfinite (fun _ -> reader.ReadLine())
                |> Seq.takeWhile (fun line -> line <> "" && not (isNull line))
                |> Seq.map (fun line ->
                    let colon = line.IndexOf ':'
                    line.Substring(0, colon).ToLowerInvariant(), line.Substring(colon + 2))
                |> Map.ofSeq

            let words = first.Split ' '

            let call =
                { Method = words[0]
                  Host = headers["host"]
                  Path = words[1]
                  Headers = headers }

            calls.Enqueue call
            write stream call (defaultArg (fault call) (answer call))

    // A thread for each connection: the tests' own tasks may have all of the pool.
    let answerAll () =
        try
            while true do
                let client = listener.AcceptTcpClient()

                Thread(
                    (fun () ->
                        try
                            serve client
                        with
                        | :? IOException
                        | :? SocketException -> ()), // the client has gone
                    IsBackground = true
                )
                    .Start()
        with
        | :? SocketException
        | :? InvalidOperationException -> () // disposed of, while it waited or between two calls

    do Thread(answerAll, IsBackground = true).Start()

    /// A plain reply.
    static member Reply(status, fields, body: string) =
        reply status fields (Encoding.UTF8.GetBytes body)

    /// The commit that main stands for.
    member _.Commit
        with get () = commit
        and set value = commit <- value

    /// The files of the repository.
    member _.Files
        with get () = files
        and set value = files <- value

    /// Answers in place of the usual ones.
    member _.Fault
        with set value = fault <- value

    /// What the server would usually answer.
    member _.Usual(call: HubCall) = answer call

    /// All requests so far, in their order.
    member _.Calls = List.ofSeq calls

    /// Forget the requests so far.
    member _.Forget() = calls.Clear()

    /// Its address.
    member _.Endpoint = $"http://localhost:{port}"

    /// Settings with this hub and a cache in a folder; failures are not waited for.
    member hub.Settings(cache: string) : HubSettings =
        HubSettings(
            Uri hub.Endpoint,
            cache,
            null,
            null,
            false,
            FirstWait = TimeSpan.FromMilliseconds 1.0,
            Attempts = 3
        )

    interface IDisposable with
        member _.Dispose() = listener.Dispose()
