; SPDX-License-Identifier: MIT
; Never ends. For trying out what happens to it: its queue is banned (ETIME).

	loop
	endloop
