/// Line plots as SVG text: just what the scripts need.
module Svg

open System
open System.Globalization

/// A named line through points.
type Series =
    { Name: string
      Colour: string
      Points: (float * float) list }

/// A plot of lines over one axis, with a dashed vertical line at `Mark`.
type Plot =
    { Title: string
      X: string
      Y: string
      Mark: (float * string) option
      Series: Series list }

let private width, height = 460.0, 320.0
let private left, right, top, bottom = 60.0, 20.0, 40.0, 50.0

let private text (value: float) =
    value.ToString("0.###", CultureInfo.InvariantCulture)

/// About five round numbers between two.
let private ticks (low: float) (high: float) =
    let raw = (high - low) / 5.0
    let unit = 10.0 ** floor (log10 raw)
    let step = unit * ([ 1.0; 2.0; 5.0; 10.0 ] |> List.find (fun factor -> factor * unit >= raw))
    [ for i in ceil (low / step) .. floor (high / step) -> i * step ]

let private escape (value: string) =
    value.Replace("&", "&amp;").Replace("<", "&lt;")

let private line x1 y1 x2 y2 style =
    $"<line x1='{text x1}' y1='{text y1}' x2='{text x2}' y2='{text y2}' {style}/>"

let private write x y style (content: string) =
    $"<text x='{text x}' y='{text y}' {style}>{escape content}</text>"

let private series toX toY index (series: Series) =
    let at = series.Points |> List.map (fun (x, y) -> $"{text (toX x)},{text (toY y)}")

    let y = top + 14.0 + 16.0 * float index

    [ $"<polyline points='{String.Join(' ', at)}' fill='none' stroke='{series.Colour}' stroke-width='2'/>"
      for x, y in series.Points do
          $"<circle cx='{text (toX x)}' cy='{text (toY y)}' r='3' fill='{series.Colour}'/>"
      line (left + 12.0) y (left + 32.0) y $"stroke='{series.Colour}' stroke-width='2'"
      write (left + 38.0) (y + 4.0) "" series.Name ]

/// One plot; the y axis starts at 0.
let private plot (plot: Plot) =
    let points = plot.Series |> List.collect _.Points
    let lowX, highX = points |> List.map fst |> List.min, points |> List.map fst |> List.max
    let highY = 1.25 * (points |> List.map snd |> List.max |> max 1e-9)
    // A single point still needs an axis of some length.
    let spanX = max 1e-9 (highX - lowX)

    let toX x =
        left + (x - lowX) / spanX * (width - left - right)

    let toY y =
        height - bottom - y / highY * (height - top - bottom)

    let foot = height - bottom

    [ write (width / 2.0) 22.0 "text-anchor='middle' font-weight='bold'" plot.Title
      for x in ticks lowX (lowX + spanX) do
          write (toX x) (foot + 18.0) "text-anchor='middle'" (text x)
      for y in ticks 0.0 highY do
          line left (toY y) (width - right) (toY y) "stroke='#dddddd'"
          write (left - 6.0) (toY y + 4.0) "text-anchor='end'" (text y)
      line left foot (width - right) foot "stroke='black'"
      line left top left foot "stroke='black'"
      write (width / 2.0) (height - 12.0) "text-anchor='middle'" plot.X
      write
          0.0
          0.0
          $"text-anchor='middle' transform='translate(16 {text (height / 2.0)}) rotate(-90)'"
          plot.Y
      match plot.Mark with
      | Some(x, name) when x >= lowX && x <= highX ->
          line (toX x) top (toX x) foot "stroke='#888888' stroke-dasharray='4 3'"
          write (toX x + 4.0) (top + 10.0) "fill='#666666'" name
      | _ -> ()
      yield! plot.Series |> List.mapi (series toX toY) |> List.concat ]

/// A page of plots side by side.
let page (plots: Plot list) : string =
    let total = text (width * float plots.Length)

    String.concat
        "\n"
        [ $"<svg xmlns='http://www.w3.org/2000/svg' width='{total}' height='{text height}' font-family='sans-serif' font-size='12'>"
          $"<rect width='{total}' height='{text height}' fill='white'/>"
          for i, content in List.indexed plots do
              $"<g transform='translate({text (width * float i)} 0)'>"
              yield! plot content
              "</g>"
          "</svg>\n" ]
